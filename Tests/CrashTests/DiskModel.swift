import CrashWorkloads
import Foundation
import Glibc

/// A disk, as a power cut may leave it: what is durable, and what was done since and may be lost.
///
/// The rules are those that POSIX gives and no more, harsher than any file system in use:
///
/// - Of a file, each write since its last sync is kept, lost or torn on its own; its size may have come without its
///   bytes, which are then zeros; its mode may be the former one.
/// - Of a folder, a prefix of what was done to its entries since its last sync is kept. Syncing a file does nothing for
///   its name. A sync that fails has lost what it was to write. A rename between folders shows the file under the old name, the new one or both, never under none.
struct DiskModel: Sendable {
    enum Change: Sendable {
        case write(Int, Data)
        case size(Int)
    }

    /// A name that was given or taken away.
    struct Move: Sendable {
        let name: String
        /// Nil where the name went.
        let node: Int?
        /// Both sides of a rename have the same.
        let number: Int
    }

    struct Node: Sendable {
        let isFolder: Bool
        var mode: mode_t
        var bytes: [UInt8] = []
        var entries: [String: Int] = [:]
        // Not durable yet:
        var newMode: mode_t?
        var changes: [Change] = []
        var moves: [Move] = []

        var isPending: Bool { newMode != nil || !changes.isEmpty || !moves.isEmpty }
    }

    let root: String
    var nodes: [Node] = []
    /// As processes see them; below the root, which is the empty path.
    private var paths: [String: Int] = [:]
    private var inodes: [UInt64: Int] = [:]
    private var number = 0

    /// What lies in a folder now, all of it durable.
    init(of root: String) throws {
        self.root = root
        _ = try add("")
    }

    private mutating func add(_ path: String) throws -> Int {
        let location = path.isEmpty ? root : "\(root)/\(path)"
        var status = stat()
        guard lstat(location, &status) == 0 else { throw CrashFinding("\(location) is gone") }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if !isFolder, let known = inodes[UInt64(status.st_ino)] {
            paths[path] = known
            return known
        }
        let id = nodes.count
        nodes.append(Node(isFolder: isFolder, mode: status.st_mode & 0o7777))
        paths[path] = id
        inodes[UInt64(status.st_ino)] = id
        if isFolder {
            for name in try FileManager.default.contentsOfDirectory(atPath: location) {
                nodes[id].entries[name] = try add(path.isEmpty ? name : "\(path)/\(name)")
            }
        } else {
            nodes[id].bytes = Array(try Data(contentsOf: URL(filePath: location)))
        }
        return id
    }

    /// Which nodes a call makes durable.
    func synced(by call: TraceCall) throws -> [Int] {
        switch call.kind {
        case .fsync, .fdatasync: [try node(call)]
        case .syncfs: nodes.indices.filter { nodes[$0].isPending }
        default: []
        }
    }

    /// Does what a call did.
    mutating func apply(_ call: TraceCall) throws {
        number += 1
        switch call.kind {
        case .hint, .say: break
        case .create: try name(call.path, make(call, isFolder: false))
        case .mkdir: try name(call.path, make(call, isFolder: true))
        case .write: nodes[try node(call)].changes.append(.write(Int(call.offset), call.data))
        case .truncate, .extend:
            let id = try node(call)
            // Allocating what is there already changes nothing.
            guard call.kind == .truncate || size(of: id) < Int(call.offset) else { return }
            nodes[id].changes.append(.size(Int(call.offset)))
        case .chmod:
            let id = try node(call)
            guard (nodes[id].newMode ?? nodes[id].mode) != mode_t(call.offset) else { return }
            nodes[id].newMode = mode_t(call.offset)
        case .rename:
            guard let id = paths[try below(call.path)], !nodes[id].isFolder else { throw unknown(call) }
            try name(call.other, id)
            try take(call.path)
        case .link:
            let id = call.offset < 0 ? paths[try below(call.path)] : outsider(call)
            guard let id else { throw unknown(call) }
            try name(call.other, id)
        case .unlink, .rmdir: try take(call.path)
        case .fsync, .fdatasync, .syncfs:
            for id in try synced(by: call) { settle(id, withMode: call.kind != .fdatasync) }
        // The kernel takes what it could not write for written: it is never tried again.
        case .failed: nodes[try node(call)].changes = []
        case .symlink: throw unknown(call)
        }
    }

    private func unknown(_ call: TraceCall) -> CrashFinding { CrashFinding("the model does not know \(call)") }

    private func below(_ path: String) throws -> String {
        guard path.hasPrefix("\(root)/") || path == root else { throw CrashFinding("\(path) is not below \(root)") }
        return String(path.dropFirst(root.count + 1))
    }

    private func node(_ call: TraceCall) throws -> Int {
        if let id = inodes[call.inode] { return id }
        throw unknown(call)
    }

    private mutating func make(_ call: TraceCall, isFolder: Bool) -> Int {
        nodes.append(Node(isFolder: isFolder, mode: mode_t(call.offset) & ~0o022))
        if call.inode != 0 { inodes[call.inode] = nodes.count - 1 }
        return nodes.count - 1
    }

    /// A file from elsewhere that was given a name here: its bytes are as durable as they were there.
    private mutating func outsider(_ call: TraceCall) -> Int {
        nodes.append(Node(isFolder: false, mode: mode_t(call.offset), bytes: Array(call.data)))
        inodes[call.inode] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func name(_ path: String, _ id: Int) throws {
        let path = try below(path)
        let (folder, name) = try split(path)
        paths[path] = id
        nodes[folder].moves.append(Move(name: name, node: id, number: number))
    }

    private mutating func take(_ path: String) throws {
        let path = try below(path)
        let (folder, name) = try split(path)
        paths[path] = nil
        nodes[folder].moves.append(Move(name: name, node: nil, number: number))
    }

    private func split(_ path: String) throws -> (folder: Int, name: String) {
        let folder = (path as NSString).deletingLastPathComponent
        guard let id = paths[folder] else { throw CrashFinding("the model does not know the folder of \(path)") }
        return (id, (path as NSString).lastPathComponent)
    }

    private func size(of id: Int) -> Int {
        nodes[id].changes.reduce(nodes[id].bytes.count) { size, change in
            switch change {
            case .write(let offset, let data): max(size, offset + data.count)
            case .size(let size): size
            }
        }
    }

    private mutating func settle(_ id: Int, withMode: Bool) {
        for change in nodes[id].changes { nodes[id].bytes.apply(change) }
        nodes[id].changes = []
        if withMode, let mode = nodes[id].newMode {
            nodes[id].mode = mode
            nodes[id].newMode = nil
        }
        settleMoves(of: id, upTo: .max)
    }

    /// What is moved away from here must have arrived elsewhere.
    private mutating func settleMoves(of id: Int, upTo number: Int) {
        let settled = nodes[id].moves.prefix { $0.number <= number }
        nodes[id].moves.removeFirst(settled.count)
        for move in settled {
            nodes[id].entries[move.name] = move.node
            guard move.node == nil, let target = folder(receiving: move, but: id) else { continue }
            settleMoves(of: target, upTo: move.number)
        }
    }

    /// Where the other side of a rename is still pending.
    func folder(receiving move: Move, but id: Int) -> Int? {
        nodes.indices.first { index in
            index != id && nodes[index].moves.contains { $0.number == move.number && $0.node != nil }
        }
    }
}

extension [UInt8] {
    mutating func apply(_ change: DiskModel.Change) {
        switch change {
        case .size(let size):
            if size < count { removeLast(count - size) }
            append(contentsOf: repeatElement(0, count: size - count))
        case .write(let offset, let data):
            let end = offset + data.count
            if end > count { append(contentsOf: repeatElement(0, count: end - count)) }
            replaceSubrange(offset..<end, with: data)
        }
    }
}
