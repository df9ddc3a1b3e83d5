/// BPE merges in flat memory: which pair of ids becomes which, in order of rank, and an index from pairs to ranks.
struct MergeTable: Sendable {
    private let hash = SeededHash()
    /// By rank; ids are below `Tokenizer.maximumPieces`.
    private var merges: [(left: Int32, right: Int32, joined: Int32)] = []
    private var index: HashIndex

    init(expecting count: Int) {
        index = HashIndex(expecting: count)
        merges.reserveCapacity(count)
    }

    /// Adds merges of the next ranks. A pair listed twice keeps the later rank, as the reference tokenizer's map does.
    mutating func append(_ more: [(left: Int32, right: Int32, joined: Int32)]) {
        let hash = hash, first = merges.count
        let hashes = more.map { hash.ofPair($0.left, $0.right) }
        merges += more
        let merges = merges
        for (offset, value) in hashes.enumerated() {
            if index.isFull { index.grow { hash.ofPair(merges[$0].left, merges[$0].right) } }
            let (left, right, _) = more[offset]
            index.insert(first + offset, value) { merges[$0].left == left && merges[$0].right == right }
        }
    }

    /// The rank from which two tables differ, nil when one continues the other or they are equal.
    func firstDifference(from other: MergeTable) -> Int? {
        zip(merges, other.merges).enumerated().first { $1.0 != $1.1 }?.offset
    }

    @inline(__always)
    func merge(left: Int32, right: Int32) -> (rank: Int, joined: Int32)? {
        merges.withUnsafeBufferPointer { merges in
            index.first(hash.ofPair(left, right)) { merges[$0].left == left && merges[$0].right == right }
                .map { ($0, merges[$0].joined) }
        }
    }
}

extension SeededHash {
    /// The hash of two ids.
    @inline(__always)
    fileprivate func ofPair(_ left: Int32, _ right: Int32) -> UInt64 {
        self(UInt64(UInt32(bitPattern: left)) &<< 24 | UInt64(UInt32(bitPattern: right)))
    }
}
