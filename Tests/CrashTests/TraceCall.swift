import CrashWorkloads
import Foundation

/// One call of a process that wrote to its storage, as Tests/CrashShim/CrashShim.c has recorded it.
struct TraceCall: Sendable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case create, write, truncate, extend, chmod
        case rename, link, unlink, mkdir, rmdir, symlink
        case fsync, fdatasync, syncfs
        /// A sync that did not succeed.
        case failed
        /// Means nothing to what is on the disk: preallocation, an early start of writing out.
        case hint
        /// No call on the storage: words of the process, and so its promises.
        case say

        var isSync: Bool { [.fsync, .fdatasync, .syncfs].contains(self) }
        /// Whether a full disk can make it fail.
        var needsRoom: Bool { ![.truncate, .chmod, .unlink, .rmdir, .say, .failed].contains(self) }
    }

    let kind: Kind
    let inode: UInt64
    /// Of a write; the new size of a truncation; the mode of what is made or changed.
    let offset: Int64
    let path: String
    /// Where a rename or a link leads.
    let other: String
    let data: Data

    var description: String { "\(kind) \(path)\(other.isEmpty ? "" : " to \(other)")" }

    static func all(in trace: Data) throws -> [TraceCall] {
        var calls: [TraceCall] = []
        var rest = trace[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let head = String(decoding: rest[..<end], as: UTF8.self)
                .split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard head.count == 6, let kind = Kind(rawValue: head[0]), let inode = UInt64(head[1]),
                let offset = Int64(head[2]), let length = Int(head[3]),
                rest.distance(from: end, to: rest.endIndex) > length
            else { throw CrashFinding("no trace: \(head)") }
            let start = rest.index(after: end)
            calls.append(
                TraceCall(
                    kind: kind, inode: inode, offset: offset, path: head[4], other: head[5],
                    data: Data(rest[start..<start + length])))
            rest = rest[(start + length)...]
        }
        return calls
    }
}
