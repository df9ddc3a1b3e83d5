/// `namespace/name`, as Hugging Face spells it (hub-protocol section 1): each side `[A-Za-z0-9._-]`, at most 96
/// bytes in all, no `--`, no `..`, no trailing `.git`, no side that begins or ends with `.` or `-`.
///
/// Everything that reaches a path, a URL or a log as a repository goes through this type.
package struct RepositoryID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    /// First path segments that Lapidary answers itself; a repository there could never be reached.
    package static let reservedNamespaces: Set<String> = ["api", "v2", "assets", "healthz", "metrics", "static"]

    package init(_ text: String) throws(InvalidName) {
        let bytes = Array(text.utf8)
        func invalid(_ reason: String) -> InvalidName { .repository(text.printable, reason) }

        guard bytes.count <= 96 else { throw invalid("it is longer than 96 bytes") }
        let sides = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard sides.count == 2 else { throw invalid("expected namespace/name, e.g. google/gemma-3-1b-it") }
        for side in sides {
            guard let first = side.first, let last = side.last else {
                throw invalid("expected namespace/name, e.g. google/gemma-3-1b-it")
            }
            guard side.allSatisfy(\.isRepositoryByte) else {
                throw invalid("only letters, digits, '.', '_' and '-' are allowed")
            }
            guard ![first, last].contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }) else {
                throw invalid("neither side may begin or end with '.' or '-'")
            }
        }
        guard !text.contains("--"), !text.contains("..") else { throw invalid("'--' and '..' are not allowed") }
        guard !text.lowercased().hasSuffix(".git") else { throw invalid("leave out the trailing .git") }

        namespace = String(decoding: sides[0], as: UTF8.self)
        name = String(decoding: sides[1], as: UTF8.self)
        guard !Self.reservedNamespaces.contains(namespace.lowercased()) else {
            throw invalid("the namespace '\(namespace)' is reserved")
        }
    }

    package var description: String { "\(namespace)/\(name)" }

    package static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

extension RepositoryID: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension UInt8 {
    fileprivate var isRepositoryByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
