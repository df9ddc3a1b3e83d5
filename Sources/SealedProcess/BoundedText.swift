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

    /// Of outsiders: made printable, its lines joined.
    var text: String {
        let isCut = length > 2 * Self.part
        let bytes = first + (isCut ? Array(" … ".utf8) : []) + last
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        // What Swift says of a trap is followed by addresses.
        let told = lines.prefix { !$0.starts(with: "Current stack trace:".utf8) }
        return told.map { String(decoding: $0, as: UTF8.self).printable }.joined(separator: "; ")
    }
}
