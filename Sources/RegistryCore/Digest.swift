/// A SHA-256: 64 lower-case hexadecimal digits. The only key bytes are stored and served under.
package struct SHA256Digest: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let hex: String

    package init(_ text: String) throws(InvalidName) {
        guard text.utf8.count == 64, text.utf8.allSatisfy(\.isLowerHex) else {
            throw .digest(text.printable, expected: "a SHA-256 (64 lower-case hex digits)")
        }
        hex = text
    }

    init(bytes: [UInt8]) { hex = bytes.hex }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    package var description: String { "sha256:\(hex)" }
    package static func < (left: Self, right: Self) -> Bool { left.hex < right.hex }
}

/// A git object's id: the SHA-1 of `blob <length>\0<content>`, 40 lower-case hexadecimal digits.
/// What the Hub names ordinary files by; never trusted as the only proof where a SHA-256 is known.
package struct GitObjectID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let hex: String

    package init(_ text: String) throws(InvalidName) {
        guard text.utf8.count == 40, text.utf8.allSatisfy(\.isLowerHex) else {
            throw .digest(text.printable, expected: "a git object id (40 lower-case hex digits)")
        }
        hex = text
    }

    init(bytes: [UInt8]) { hex = bytes.hex }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    package var description: String { "git-sha1:\(hex)" }
}

extension Sequence<UInt8> {
    /// Lower-case hexadecimal.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
