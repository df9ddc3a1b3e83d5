/// An id of a fixed number of lower-case hexadecimal digits, which cannot hold anything else.
package protocol HexIdentifier: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    static var length: Int { get }
    /// For errors: `a commit`.
    static var kind: String { get }
    var hex: String { get }
    /// For text that is known to fit.
    init(unchecked hex: String)
}

extension HexIdentifier {
    package init(_ text: String) throws(InvalidName) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy(\.isLowerHex) else {
            throw .digest(text.printable, expected: "\(Self.kind) (\(Self.length) lower-case hex digits)")
        }
        self.init(unchecked: text)
    }

    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    package static func < (left: Self, right: Self) -> Bool { left.hex < right.hex }
}

/// A commit's id.
package struct CommitID: HexIdentifier {
    package static let length = 40
    package static let kind = "a commit"
    package let hex: String
    package init(unchecked hex: String) { self.hex = hex }

    package var short: String { String(hex.prefix(7)) }
    package var description: String { hex }
}

/// A SHA-256: the only key that bytes are stored and served under.
package struct SHA256Digest: HexIdentifier {
    package static let length = 64
    package static let kind = "a SHA-256"
    package let hex: String
    package init(unchecked hex: String) { self.hex = hex }

    package var description: String { "sha256:\(hex)" }
}

/// A git object's id: the SHA-1 of `blob <length>\0<content>`. What the Hub names ordinary files by; never the only
/// proof where a SHA-256 is known.
package struct GitObjectID: HexIdentifier {
    package static let length = 40
    package static let kind = "a git object id"
    package let hex: String
    package init(unchecked hex: String) { self.hex = hex }

    package var description: String { "git-sha1:\(hex)" }
}

extension UInt8 {
    package var isLowerHex: Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self)
    }
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
