/// The first and the last 2 KiB of what a stream holds, whatever its length.
struct BoundedText {
    /// What one of ours says before it ends is a few lines.
    static let mostLength = 16 << 20

    private static let part = 2048
    private(set) var length = 0
    private var first: [UInt8] = []
    private var last: [UInt8] = []

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        length += bytes.count
        let room = bytes.prefix(Self.part - first.count)
        first += room
        last = Array((last + bytes.dropFirst(room.count).suffix(Self.part)).suffix(Self.part))
    }

    var text: String {
        let isCut = length > 2 * Self.part
        return String(decoding: first, as: UTF8.self) + (isCut ? " … " : "") + String(decoding: last, as: UTF8.self)
    }
}
