/// The pieces of a tokenizer in flat memory: the bytes of all pieces end to end, where each begins, and an
/// open-addressing hash table from bytes to ids. A quarter million pieces cost a few arrays, not a quarter million
/// strings.
struct PieceTable: Sendable {
    /// What an id may be used for.
    struct Role: OptionSet, Sendable {
        let rawValue: UInt8
        /// Part of the BPE vocabulary.
        static let model = Role(rawValue: 1)
        /// An added token that is looked for in the text as given.
        static let addedRaw = Role(rawValue: 2)
        /// An added token that is looked for in the normalised text.
        static let addedNormalized = Role(rawValue: 4)
        /// A control token such as `<bos>`.
        static let special = Role(rawValue: 8)
    }

    private var bytes: [UInt8] = []
    /// Per id: where its bytes are; empty for ids that no piece has.
    private var ranges: [(start: Int32, end: Int32)] = []
    private(set) var roles: [Role] = []
    /// Slots hold id + 1, 0 is free.
    private var slots: [Int32] = []
    private(set) var count = 0

    /// One more than the largest id.
    var idCount: Int { ranges.count }

    init(expecting count: Int) {
        slots = [Int32](repeating: 0, count: Self.slotCount(for: count))
        bytes.reserveCapacity(count * 8)
        ranges.reserveCapacity(count)
        roles.reserveCapacity(count)
    }

    /// Adds a piece; false when the id or the bytes are taken.
    mutating func insert(_ piece: [UInt8], id: Int, role: Role) -> Bool {
        if (count + 1) * 2 > slots.count { grow() }
        var slot = piece.withUnsafeBufferPointer { Self.hash($0) } & (slots.count - 1)
        while slots[slot] != 0 {
            if self[Int(slots[slot]) - 1].elementsEqual(piece) { return false }
            slot = (slot + 1) & (slots.count - 1)
        }
        if id < ranges.count {
            guard roles[id].isEmpty else { return false }
        } else {
            ranges += [(start: Int32, end: Int32)](repeating: (0, 0), count: id + 1 - ranges.count)
            roles += [Role](repeating: [], count: id + 1 - roles.count)
        }
        let start = Int32(bytes.count)
        bytes.append(contentsOf: piece)
        ranges[id] = (start, Int32(bytes.count))
        roles[id] = role
        slots[slot] = Int32(id) + 1
        count += 1
        return true
    }

    mutating func add(_ role: Role, to id: Int) { roles[id].formUnion(role) }

    /// The bytes of a piece; empty for an id that no piece has.
    subscript(id: Int) -> ArraySlice<UInt8> { bytes[Int(ranges[id].start)..<Int(ranges[id].end)] }

    func id(of piece: ArraySlice<UInt8>) -> Int? { piece.withUnsafeBufferPointer { id(of: $0) } }
    func id(of piece: [UInt8]) -> Int? { piece.withUnsafeBufferPointer { id(of: $0) } }

    func id(of piece: UnsafeBufferPointer<UInt8>) -> Int? {
        var slot = Self.hash(piece) & (slots.count - 1)
        while slots[slot] != 0 {
            let id = Int(slots[slot]) - 1
            let (start, end) = ranges[id]
            if Int(end - start) == piece.count, bytes[Int(start)..<Int(end)].elementsEqual(piece) { return id }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: slots.count * 2)
        for id in ranges.indices where !roles[id].isEmpty {
            var slot = self[id].withUnsafeBufferPointer { Self.hash($0) } & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(id) + 1
        }
    }

    private static func slotCount(for count: Int) -> Int {
        var slots = 1024
        while slots < count * 2 { slots *= 2 }
        return slots
    }

    // Hasher is seeded per process: a file cannot be made to collide (60,000 pieces with one FNV-1a took 6 s to load).
    private static func hash(_ piece: UnsafeBufferPointer<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(piece))
        return hasher.finalize()
    }
}

/// BPE merges: a pair of ids to its rank and the id of the joined piece, open addressing in flat arrays.
struct MergeTable: Sendable {
    private var keys: [UInt64] = []
    private var values: [(rank: Int32, merged: Int32)] = []
    private(set) var count = 0

    init(expecting count: Int) {
        var slots = 1024
        while slots * 3 < count * 4 { slots *= 2 }
        keys = [UInt64](repeating: .max, count: slots)
        values = [(rank: Int32, merged: Int32)](repeating: (0, 0), count: slots)
    }

    /// A pair listed twice keeps the later rank, as the reference tokenizer's map does.
    mutating func insert(left: Int, right: Int, rank: Int, merged: Int) {
        if (count + 1) * 4 > keys.count * 3 { grow() }
        let key = UInt64(left) << 32 | UInt64(right)
        let slot = self.slot(of: key)
        if keys[slot] == .max { count += 1 }
        keys[slot] = key
        values[slot] = (Int32(rank), Int32(merged))
    }

    func merge(left: Int32, right: Int32) -> (rank: Int32, merged: Int32)? {
        let slot = self.slot(of: UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right)))
        return keys[slot] == .max ? nil : values[slot]
    }

    private func slot(of key: UInt64) -> Int {
        var slot = key.hashValue & (keys.count - 1)
        while keys[slot] != .max, keys[slot] != key { slot = (slot + 1) & (keys.count - 1) }
        return slot
    }

    private mutating func grow() {
        let old = (keys, values)
        keys = [UInt64](repeating: .max, count: keys.count * 2)
        values = [(rank: Int32, merged: Int32)](repeating: (0, 0), count: keys.count)
        for index in old.0.indices where old.0[index] != .max {
            let slot = self.slot(of: old.0[index])
            keys[slot] = old.0[index]
            values[slot] = old.1[index]
        }
    }
}
