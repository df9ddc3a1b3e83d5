import RegistryCore

/// The first and the last 2 KiB of what a stream holds, whatever its length.
struct BoundedText {
    /// What one of ours says before it ends is a few lines.
    static let mostLength = 1 << 20

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

    /// Of outsiders: made printable, without the newline at its end.
    var text: String {
        let isCut = length > 2 * Self.part
        let bytes = first + (isCut ? Array(" … ".utf8) : []) + last
        let end = bytes.lastIndex { $0 != UInt8(ascii: "\n") }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end], as: UTF8.self).printable
    }
}
