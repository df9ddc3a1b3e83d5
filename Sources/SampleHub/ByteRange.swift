/// A single range of a `Range` header: `bytes=a-b`, `bytes=a-`, `bytes=-n`.
struct ByteRange {
    private let first: Int64?
    private let last: Int64?

    /// Nil for several ranges, other units and what is no range: the header is then ignored (RFC 9110, 14.2).
    init?(_ text: String) {
        guard text.hasPrefix("bytes=") else { return nil }
        let sides = text.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let isNumeric = sides.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard sides.count == 2, isNumeric else { return nil }
        first = Int64(sides[0])
        last = Int64(sides[1])
        if let first, let last, last < first { return nil }
        guard first != nil || last != nil else { return nil }
    }

    /// The bytes meant in a file of that size; nil where none of them exists.
    func within(_ size: Int64) -> Range<Int64>? {
        guard let first else {
            let count = min(last ?? 0, size)
            return count > 0 ? (size - count)..<size : nil
        }
        guard first < size else { return nil }
        return first..<(min(last ?? size - 1, size - 1) + 1)
    }
}
