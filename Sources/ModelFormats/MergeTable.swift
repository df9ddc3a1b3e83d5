/// BPE merges: a pair of ids to its rank and the id of the joined piece, open addressing in one flat array.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        let rank: Int32
        /// The id of the joined piece.
        let joined: Int32
    }

    private let hash = SeededHash()
    /// At most 3 of 4 are taken; a free one has -1 on its left.
    private var slots: [(left: Int32, right: Int32, merge: Merge)] = []
    private(set) var count = 0

    /// Ids are below `Tokenizer.maximumPieces`.
    init(expecting count: Int) {
        var size = 1024
        while size * 3 < count * 4 { size *= 2 }
        slots = .init(repeating: (-1, -1, Merge(rank: 0, joined: 0)), count: size)
    }

    /// A pair listed twice keeps the later rank, as the reference tokenizer's map does.
    mutating func insert(left: Int32, right: Int32, _ merge: Merge) {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let slot = slots.withUnsafeBufferPointer { self.slot(of: left, right, in: $0) }
        if slots[slot].left < 0 { count += 1 }
        slots[slot] = (left, right, merge)
    }

    private mutating func grow() {
        var larger = MergeTable(expecting: 2 * count)
        for (left, right, merge) in slots where left >= 0 { larger.insert(left: left, right: right, merge) }
        self = larger
    }

    @inline(__always)
    func merge(left: Int32, right: Int32) -> Merge? {
        slots.withUnsafeBufferPointer { slots in
            let found = slots[slot(of: left, right, in: slots)]
            return found.left < 0 ? nil : found.merge
        }
    }

    @inline(__always)
    private func slot(
        of left: Int32, _ right: Int32, in slots: UnsafeBufferPointer<(left: Int32, right: Int32, merge: Merge)>
    ) -> Int {
        let key = UInt64(UInt32(bitPattern: left)) &<< 24 | UInt64(UInt32(bitPattern: right))
        var slot = Int(truncatingIfNeeded: hash(key)) & (slots.count - 1)
        while slots[slot].left >= 0, slots[slot].left != left || slots[slot].right != right {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }
}
