/// Where the things of a flat array are, by a hash of each: open addressing over numbers below 2^21, four bytes a slot.
struct HashIndex: Sendable {
    /// 0 is free; else the number + 1 in the low 21 bits and the top of the hash above. At most 2 of 3 are taken.
    private var slots: [UInt32]
    private var count = 0

    init(expecting count: Int) {
        slots = [UInt32](repeating: 0, count: Self.slotCount(for: count))
    }

    var isFull: Bool { (count + 1) * 3 > slots.count * 2 }

    /// The first thing with this hash that is `equal`.
    @inline(__always)
    func first(_ hash: UInt64, where equal: (Int) -> Bool) -> Int? {
        slots.withUnsafeBufferPointer { slots in
            let found = slots[Self.slot(of: hash, in: slots, where: equal)]
            return found == 0 ? nil : Self.number(found)
        }
    }

    /// Adds a thing in the place of the first one with its hash that is `equal`, which is returned, if any.
    @inline(__always) @discardableResult
    mutating func insert(_ number: Int, _ hash: UInt64, replacing equal: (Int) -> Bool) -> Int? {
        let slot = slots.withUnsafeBufferPointer { Self.slot(of: hash, in: $0, where: equal) }
        let replaced = slots[slot]
        slots[slot] = Self.tag(hash) | UInt32(truncatingIfNeeded: number + 1)
        if replaced == 0 { count += 1 }
        return replaced == 0 ? nil : Self.number(replaced)
    }

    /// For many hashes the first thing that has likely each, by a part of the hash, or -1. The first loop has no branch
    /// that waits for memory, so that its cache misses overlap.
    func guesses(_ hashes: [UInt64]) -> [Int] {
        let homes = hashes.map { slots[Int(truncatingIfNeeded: $0) & (slots.count - 1)] }
        return zip(hashes, homes).map { hash, home in
            home != 0 && (home ^ Self.tag(hash)) >> 21 == 0 ? Self.number(home) : first(hash) { _ in true } ?? -1
        }
    }

    /// Makes room for twice as many; `hash` is asked for each thing again.
    mutating func grow(_ hash: (Int) -> UInt64) {
        let old = slots
        slots = [UInt32](repeating: 0, count: old.count * 2)
        for slot in old where slot != 0 {
            let value = hash(Self.number(slot))
            let free = slots.withUnsafeBufferPointer { Self.slot(of: value, in: $0) { _ in false } }
            slots[free] = slot
        }
    }

    @inline(__always)
    private static func slot(
        of hash: UInt64, in slots: UnsafeBufferPointer<UInt32>, where equal: (Int) -> Bool
    ) -> Int {
        let tag = tag(hash)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0, (slots[slot] ^ tag) >> 21 != 0 || !equal(number(slots[slot])) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private static func number(_ slot: UInt32) -> Int { Int(slot & (1 << 21 - 1)) - 1 }
    private static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) & ~(1 << 21 - 1) }

    private static func slotCount(for count: Int) -> Int {
        var slots = 1024
        while slots * 2 < count * 3 { slots *= 2 }
        return slots
    }
}
