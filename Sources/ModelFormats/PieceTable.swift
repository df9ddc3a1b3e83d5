import Foundation

/// The pieces of a tokenizer in flat memory: the bytes of all pieces end to end, where each begins, and an
/// open-addressing hash table from bytes to ids. A quarter million pieces cost a few arrays, not a quarter million
/// strings.
struct PieceTable: Sendable {
    /// What an id may be used for.
    struct Role: OptionSet, Sendable {
        let rawValue: UInt8
        /// Part of the BPE vocabulary.
        static let model = Role(rawValue: 1)
        /// An added token, which is looked for in the text before it is cut into pieces.
        static let added = Role(rawValue: 2)
        /// A control token such as `<bos>`.
        static let special = Role(rawValue: 4)
    }

    private let hash = SeededHash()
    private var bytes: [UInt8] = []
    /// Per id: where its bytes are; empty for ids that no piece has.
    private var ranges: [(start: Int32, end: Int32)] = []
    private(set) var roles: [Role] = []
    /// Slots hold id + 1 in the low half and the high half of the hash; 0 is free. At most 3 of 4 are taken.
    private var slots: [UInt64]
    private(set) var count = 0

    /// One more than the largest id.
    var idCount: Int { ranges.count }

    init(expecting count: Int) {
        slots = [UInt64](repeating: 0, count: Self.slotCount(for: count))
        bytes.reserveCapacity(count * 10)
        ranges.reserveCapacity(count)
        roles.reserveCapacity(count)
    }

    /// Adds a piece; false when the id or the bytes are taken. Ids and all bytes together fit an Int32.
    mutating func insert(_ piece: UnsafeBufferPointer<UInt8>, id: Int, role: Role) -> Bool {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        let value = hash(piece), slot = slot(of: piece, hash: value)
        guard slots[slot] == 0 else { return false }
        if id < ranges.count {
            guard roles[id].isEmpty else { return false }
        } else {
            while ranges.count <= id {
                ranges.append((0, 0))
                roles.append([])
            }
        }
        let start = Int32(bytes.count)
        bytes.append(contentsOf: piece)
        ranges[id] = (start, Int32(bytes.count))
        roles[id] = role
        slots[slot] = value & Self.highHalf | UInt64(id + 1)
        count += 1
        return true
    }

    mutating func add(_ role: Role, to id: Int) { roles[id].formUnion(role) }

    /// The bytes of a piece; empty for an id that no piece has.
    subscript(id: Int) -> ArraySlice<UInt8> { bytes[Int(ranges[id].start)..<Int(ranges[id].end)] }

    func holds(_ id: Int) -> Bool { roles.indices.contains(id) && !roles[id].isEmpty }

    func id(of piece: [UInt8]) -> Int? { piece.withUnsafeBufferPointer { id(of: $0) } }

    func id(of piece: UnsafeBufferPointer<UInt8>) -> Int? {
        let id = slots[slot(of: piece, hash: hash(piece))] & ~Self.highHalf
        return id == 0 ? nil : Int(id) - 1
    }

    /// The ids of many texts, -1 where there is no such piece of the model. Each step is done for all texts before the
    /// next one: a look-up misses the cache three times, and this way the misses of many texts overlap.
    func modelIDs(of texts: [Range<Int>], in buffer: UnsafeBufferPointer<UInt8>) -> [Int32] {
        let hashes = texts.map { hash(UnsafeBufferPointer(rebasing: buffer[$0])) }
        let ids = hashes.map { value in
            let slot = slots[Int(truncatingIfNeeded: value) & (slots.count - 1)]
            return slot != 0 && (slot ^ value) & Self.highHalf == 0 ? Int(slot & ~Self.highHalf) - 1 : -1
        }
        let places = ids.map { $0 < 0 ? (start: 0, end: -1) : ranges[$0] }
        return texts.indices.map { index in
            let text = UnsafeBufferPointer(rebasing: buffer[texts[index]])
            let isFound = isEqual(places[index], to: text)
            let id = isFound ? ids[index] : self.id(of: text) ?? -1
            return id >= 0 && roles[id].contains(.model) ? Int32(id) : -1
        }
    }

    /// Where the piece is, or the free slot where it belongs.
    private func slot(of piece: UnsafeBufferPointer<UInt8>, hash value: UInt64) -> Int {
        slots.withUnsafeBufferPointer { slots in
            var slot = Int(truncatingIfNeeded: value) & (slots.count - 1)
            while slots[slot] != 0 {
                if (slots[slot] ^ value) & Self.highHalf == 0,
                    isEqual(ranges[Int(slots[slot] & ~Self.highHalf) - 1], to: piece)
                {
                    return slot
                }
                slot = (slot + 1) & (slots.count - 1)
            }
            return slot
        }
    }

    private func isEqual(_ place: (start: Int32, end: Int32), to piece: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(place.end - place.start) == piece.count else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            guard let own = bytes.baseAddress, let other = piece.baseAddress else { return piece.isEmpty }
            return memcmp(own + Int(place.start), other, piece.count) == 0
        }
    }

    private mutating func grow() {
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        for id in ranges.indices where !roles[id].isEmpty {
            let value = self[id].withUnsafeBufferPointer { hash($0) }
            var slot = Int(truncatingIfNeeded: value) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = value & Self.highHalf | UInt64(id + 1)
        }
    }

    private static let highHalf: UInt64 = 0xFFFF_FFFF_0000_0000

    private static func slotCount(for count: Int) -> Int {
        var slots = 1024
        while slots * 3 < count * 4 { slots *= 2 }
        return slots
    }
}
