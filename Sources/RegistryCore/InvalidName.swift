/// A name, digest or path from outside that Lapidary does not accept.
package enum InvalidName: Error, Equatable, CustomStringConvertible {
    case repository(String, String)
    case revision(String, String)
    case digest(String, expected: String)
    case path(String, String)

    package var description: String {
        switch self {
        case .repository(let text, let reason): "repository id '\(text)' is not valid: \(reason)"
        case .revision(let text, let reason): "revision '\(text)' is not valid: \(reason)"
        case .digest(let text, let expected): "'\(text)' is not \(expected)"
        case .path(let text, let reason): "file path '\(text)' is not valid: \(reason)"
        }
    }
}

extension String {
    /// The text with every byte that could steer a terminal or a header replaced by `?`, at most 1,000 scalars.
    /// For putting what came from outside into a message; works on Unicode scalars, because a Character can be CRLF.
    package var printable: String {
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(1000) { scalars.append(scalar.steersText ? "?" : scalar) }
        return String(scalars)
    }

    /// The whole text, with what could steer a terminal or a page replaced; lines and tabs stay.
    package var withoutSteering: String {
        guard unicodeScalars.contains(where: \.steersText) else { return self }
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            scalars.append(scalar.steersText && !"\r\n\t".unicodeScalars.contains(scalar) ? "?" : scalar)
        }
        return String(scalars)
    }
}

extension Unicode.Scalar {
    /// True of control characters (also the 8-bit ones), line separators, and what turns the direction of writing.
    var steersText: Bool {
        switch value {
        case 0x00..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
