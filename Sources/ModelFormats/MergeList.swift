/// Merges as a file lists them. The vocabulary that turns them into ids may come later in the file.
struct MergeList {
    /// Left and right of each pair, so that the joined text lies end to end too.
    private var texts = TextList()
    /// Merges that were listed before those that are here.
    private var resolved = 0

    /// Appends a text as the next left or right.
    mutating func append(_ text: UnsafeBufferPointer<UInt8>) { texts.append(text) }

    /// Appends a pair that is written `left right`; false when there is not exactly one space between two texts.
    mutating func append(pair: some BidirectionalCollection<UInt8>) -> Bool {
        guard let space = pair.firstIndex(of: UInt8(ascii: " ")), pair.lastIndex(of: UInt8(ascii: " ")) == space else {
            return false
        }
        texts.append(pair[..<space])
        texts.append(pair[pair.index(after: space)...])
        return true
    }

    /// Moves the merges into a table, by ids; `fault` makes the error for a text that is no piece of the model.
    mutating func resolve(
        in pieces: PieceTable, into table: inout MergeTable, fault: (_ got: String) -> ModelFormatError
    ) throws {
        let count = texts.count / 2
        var places: [Range<Int>] = []
        for batch in stride(from: 0, to: count, by: 64) {
            places.removeAll(keepingCapacity: true)
            for merge in batch..<min(batch + 64, count) {
                let left = texts.range(2 * merge), right = texts.range(2 * merge + 1)
                places += [left, right, left.lowerBound..<right.upperBound]
            }
            let ids = texts.bytes.withUnsafeBufferPointer { pieces.modelIDs(of: places, in: $0) }
            if let wrong = ids.firstIndex(of: -1) {
                let text = String(decoding: texts.bytes[places[wrong]], as: UTF8.self)
                throw fault("\(quoted(text)) in merge \(resolved + batch + wrong / 3)")
            }
            table.append(
                stride(from: 0, to: ids.count, by: 3).map { (left: ids[$0], right: ids[$0 + 1], joined: ids[$0 + 2]) })
        }
        resolved += count
        texts.removeAll()
    }
}
