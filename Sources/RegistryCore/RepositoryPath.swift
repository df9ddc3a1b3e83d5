import Foundation

/// A file's path inside a repository: relative, `/`-separated, safe on every machine it may reach (reliability B2).
///
/// At most 1,024 bytes and 255 a segment; no empty, `.` or `..` segment; no `\ : * ? " < > | %`; no control character
/// and none that turns the direction of writing, so that a name cannot lie to who reads it; no segment that begins with
/// `-` or `~`; in Unicode's composed form (NFC), so that two spellings cannot name one file.
package struct RepositoryPath: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) throws(InvalidName) {
        func invalid(_ reason: String) -> InvalidName { .path(text.printable, reason) }
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 1024 else { throw invalid("expected 1 to 1,024 bytes") }
        for segment in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let first = segment.first else { throw invalid("a segment is empty") }
            guard segment.count <= 255 else { throw invalid("a segment is longer than 255 bytes") }
            guard !segment.elementsEqual("..".utf8), !segment.elementsEqual(".".utf8) else {
                throw invalid("'.' and '..' are not allowed as segments")
            }
            guard !"-~".utf8.contains(first) else { throw invalid("a segment begins with '-' or '~'") }
            guard !segment.contains(where: { "\\:*?\"<>|%".utf8.contains($0) }) else {
                throw invalid("it holds one of \\ : * ? \" < > | %")
            }
        }
        guard !text.unicodeScalars.contains(where: \.steersText) else { throw invalid("it holds a control character") }
        guard text.isComposed else { throw invalid("it is not in Unicode's composed form (NFC)") }
        self.text = text
    }

    /// The part after the last `/`.
    package var fileName: String { text.split(separator: "/").last.map(String.init) ?? text }

    package var description: String { text }

    /// By bytes: the order of manifests.
    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// By bytes: Swift's own `==` would merge NFC and NFD spellings.
    package static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    package func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
}

extension RepositoryPath: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension String {
    fileprivate var isComposed: Bool {
        utf8.allSatisfy { $0 < 0x80 } || utf8.elementsEqual(precomposedStringWithCanonicalMapping.utf8)
    }
}
