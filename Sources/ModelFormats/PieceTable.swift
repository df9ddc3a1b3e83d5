import Foundation

/// The pieces of a tokenizer in flat memory: the bytes of all pieces end to end, where each begins, and an index from
/// bytes to ids. A quarter million pieces cost a few arrays, not a quarter million strings.
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
    private var texts = Texts()
    private(set) var roles: [Role] = []
    private var index: HashIndex
    /// Pieces that are not in the index yet.
    private var pending: [(hash: UInt64, id: Int)] = []
    private(set) var count = 0

    /// One more than the largest id.
    var idCount: Int { roles.count }

    init(expecting count: Int) {
        index = HashIndex(expecting: count)
        texts.bytes.reserveCapacity(count * 10)
        texts.ranges.reserveCapacity(count)
        roles.reserveCapacity(count)
        pending.reserveCapacity(Self.batch)
    }

    /// Adds a piece; false when the id or the bytes are taken. Ids are below `Tokenizer.maximumPieces`, and all bytes
    /// together fit an Int32.
    mutating func insert(_ piece: UnsafeBufferPointer<UInt8>, id: Int, role: Role) -> Bool {
        store(piece, id: id, role: role) && insertPending() == nil
    }

    /// Adds one of many pieces, which can be looked up after `insertPending`. The id that is taken, or whose bytes are, if
    /// any: of this piece or one of those before.
    mutating func insertLater(_ piece: UnsafeBufferPointer<UInt8>, id: Int, role: Role) -> Int? {
        guard store(piece, id: id, role: role) else { return id }
        return pending.count < Self.batch ? nil : insertPending()
    }

    private mutating func store(_ piece: UnsafeBufferPointer<UInt8>, id: Int, role: Role) -> Bool {
        if id < roles.count {
            guard roles[id].isEmpty else { return false }
        } else {
            while roles.count <= id {
                texts.ranges.append((0, 0))
                roles.append([])
            }
        }
        let start = Int32(texts.bytes.count)
        texts.bytes.append(contentsOf: piece)
        texts.ranges[id] = (start, Int32(texts.bytes.count))
        roles[id] = role
        pending.append((hash(piece), id))
        count += 1
        return true
    }

    /// Puts pieces into the index, many in a short loop: each misses the cache, and this way the misses overlap.
    mutating func insertPending() -> Int? {
        defer { pending.removeAll(keepingCapacity: true) }
        let (hash, texts) = (hash, texts)
        for (value, id) in pending {
            if index.isFull { index.grow { number in texts.withBytes(of: number) { hash($0) } } }
            let taken = index.insert(id, value) { number in texts.withBytes(of: id) { texts.isEqual(number, to: $0) } }
            if taken != nil { return id }
        }
        return nil
    }

    private static let batch = 256

    mutating func add(_ role: Role, to id: Int) { roles[id].formUnion(role) }

    /// The bytes of a piece; empty for an id that no piece has.
    subscript(id: Int) -> ArraySlice<UInt8> { texts.bytes[texts.range(id)] }

    func holds(_ id: Int) -> Bool { roles.indices.contains(id) && !roles[id].isEmpty }

    func id(of piece: [UInt8]) -> Int? { piece.withUnsafeBufferPointer { id(of: $0) } }

    func id(of piece: UnsafeBufferPointer<UInt8>) -> Int? {
        index.first(hash(piece)) { texts.isEqual($0, to: piece) }
    }

    /// The ids of many texts, -1 where there is no such piece of the model. Each step is done for all texts before the
    /// next one: a look-up misses the cache three times, and this way the misses of many texts overlap.
    func modelIDs(of ranges: [Range<Int>], in buffer: UnsafeBufferPointer<UInt8>) -> [Int32] {
        let hashes = ranges.map { hash(UnsafeBufferPointer(rebasing: buffer[$0])) }
        let guesses = index.guesses(hashes)
        let places = guesses.map { $0 < 0 ? (start: 0, end: -1) : texts.ranges[$0] }
        return ranges.indices.map { position in
            let text = UnsafeBufferPointer(rebasing: buffer[ranges[position]])
            let isFound = texts.isEqual(places[position], to: text)
            let id = isFound ? guesses[position] : id(of: text) ?? -1
            return id >= 0 && roles[id].contains(.model) ? Int32(id) : -1
        }
    }

    /// The bytes of all pieces, and per id where its own are: nowhere for ids that no piece has.
    private struct Texts {
        var bytes: [UInt8] = []
        var ranges: [(start: Int32, end: Int32)] = []

        func range(_ id: Int) -> Range<Int> { Int(ranges[id].start)..<Int(ranges[id].end) }

        func withBytes<Result>(of id: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
            bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range(id)])) }
        }

        func isEqual(_ id: Int, to piece: UnsafeBufferPointer<UInt8>) -> Bool { isEqual(ranges[id], to: piece) }

        func isEqual(_ place: (start: Int32, end: Int32), to piece: UnsafeBufferPointer<UInt8>) -> Bool {
            guard Int(place.end - place.start) == piece.count else { return false }
            return bytes.withUnsafeBufferPointer { bytes in
                guard let own = bytes.baseAddress, let other = piece.baseAddress else { return piece.isEmpty }
                return memcmp(own + Int(place.start), other, piece.count) == 0
            }
        }
    }
}
