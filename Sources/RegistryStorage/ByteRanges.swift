/// Parts of a file: ascending, disjoint, never touching, none empty.
package struct ByteRanges: Sendable, Equatable {
    package private(set) var ranges: [Range<Int64>] = []

    package init(_ ranges: [Range<Int64>] = []) {
        for range in ranges { insert(range) }
    }

    /// Adds a range, merged with what it overlaps or touches.
    package mutating func insert(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        // Pieces come in order, one behind the other: the end is where they nearly always belong.
        let first = ranges.lastIndex { $0.upperBound < range.lowerBound }.map { $0 + 1 } ?? 0
        let last = ranges[first...].firstIndex { $0.lowerBound > range.upperBound } ?? ranges.endIndex
        let merged = ranges[first..<last].reduce(range) {
            min($0.lowerBound, $1.lowerBound)..<max($0.upperBound, $1.upperBound)
        }
        ranges.replaceSubrange(first..<last, with: [merged])
    }

    /// Where what begins at the file's first byte ends.
    package var front: Int64 { ranges.first.map { $0.lowerBound == 0 ? $0.upperBound : 0 } ?? 0 }

    /// Bytes in all.
    package var count: Int64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }

    /// What is not in them, of a file of so many bytes.
    package func missing(in size: Int64) -> [Range<Int64>] {
        var missing: [Range<Int64>] = []
        var position: Int64 = 0
        for range in ranges where position < size {
            if range.lowerBound > position { missing.append(position..<min(range.lowerBound, size)) }
            position = max(position, range.upperBound)
        }
        if position < size { missing.append(position..<size) }
        return missing
    }
}
