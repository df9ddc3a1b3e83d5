import CrashWorkloads
import Foundation

/// A sync of a recording that is taken for one that did nothing, as if it were not in the program.
struct MissingSync: Sendable, CustomStringConvertible {
    let recording: Recording
    let index: Int

    var description: String { "\(recording.name) \(index): \(site)" }

    /// Which sync it is, whatever the digests and numbers in its path.
    var site: String {
        let call = recording.trace[index]
        let path = call.path.dropFirst(recording.before.root.count + 1).split(separator: "/").map { segment in
            segment.count > 32 ? "*" : segment.count == 2 && segment.allSatisfy(\.isHexDigit) ? "##" : String(segment)
        }
        return "\(call.kind) \(path.isEmpty ? "." : path.joined(separator: "/"))"
    }

    /// Those that are SQLite's, and that nothing which was promised hangs on: the last commit before a promise is then
    /// about something else.
    private static let exceptions: [Workload: String] = [
        .start: "a catalogue in which nothing is yet can be made again",
        .first: "as above",
        .mirror: "the row of a job says that it is done, which is not what was promised",
        .bringIn: "as above",
        .repair: "that a blob is right again is found out again by the next scrub",
    ]

    /// Whether it need not be noticed.
    var isExplained: Bool {
        // Such as SQLite's sync of a commit that nobody is told of before the next, or the early start that the disk gets
        // while a large file is hashed: nothing hangs on it by itself.
        guard isPromisedOn else { return true }
        // SQLite syncs the folder once in each process, whether or not its log was there before.
        if site == "fdatasync storage" { return true }
        if isOfAStart, recording.scene.workload != .first { return true }
        return site == "fdatasync storage/registry.sqlite-wal" && Self.exceptions[recording.scene.workload] != nil
    }

    /// Whether it is what a start syncs. After an owner who ended well nothing hangs on it; there is a test of its own.
    var isOfAStart: Bool {
        recording.trace[..<index].suffix(from: min(recording.start, index)).allSatisfy { $0.kind != .say }
            && recording.trace[index].kind == .syncfs
    }

    /// Whether there was anything to be made durable.
    var hasWork: Bool {
        get throws {
            var disk = recording.before
            for call in recording.trace[..<index] { try disk.apply(call) }
            return try disk.synced(by: recording.trace[index]).contains { disk.nodes[$0].isPending }
        }
    }

    /// Whether anything was said before the same file or folder was synced again.
    private var isPromisedOn: Bool {
        let call = recording.trace[index]
        for later in recording.trace[(index + 1)...] {
            if later.kind == .say { return true }
            if later.repeats(call) { return false }
        }
        return false
    }

    /// Power cuts that show that it is needed, from the likeliest on; as a list of lists, each in the order of time.
    func cuts() throws -> [[Recording.Cut]] {
        var disk = recording.before
        for call in recording.trace[..<index] { try disk.apply(call) }
        let call = recording.trace[index]
        let nodes = Set(try disk.synced(by: call)).filter { disk.nodes[$0].isPending }
        guard !nodes.isEmpty else { return [] }
        var moments: [Int] = []
        for moment in (index + 1)...recording.trace.count {
            if recording.isTelling(moment) { moments.append(moment) }
            guard moment < recording.trace.count else { break }
            let later = recording.trace[moment]
            if later.repeats(call) { break }
        }
        let isFolder = nodes.allSatisfy { disk.nodes[$0].isFolder }
        var losses = [Loss(data: .kept, folders: .lost, only: nodes)]
        if isFolder {
            losses.append(Loss(data: .kept, folders: .lost))
        } else {
            losses += [.lost, .holes, .torn].map { Loss(data: $0, folders: .kept, only: nodes) }
        }
        losses += [Loss(data: .lost, folders: .lost), Loss(data: .lost, folders: .kept)]
        for seed in 0..<4 {
            losses.append(Loss(data: .mixed(UInt64(seed)), folders: .mixed(UInt64(seed)), only: nodes))
            losses.append(Loss(data: .mixed(UInt64(seed)), folders: .mixed(UInt64(seed))))
        }
        return losses.map { loss in moments.map { Recording.Cut(moment: $0, loss: loss) } }
    }

    /// - Returns: what was found without it; nil where nobody noticed.
    func finding(in room: CrashRoom, _ name: String, _ checks: CheckProcess) throws -> String? {
        for cuts in try cuts() {
            if let finding = try recording.firstFinding(cuts, without: index, in: room, name, checks) {
                return finding
            }
        }
        return nil
    }
}

extension TraceCall {
    /// Whether it makes durable what another sync was to make durable.
    fileprivate func repeats(_ sync: TraceCall) -> Bool {
        kind == .syncfs || kind.isSync && sync.kind != .syncfs && inode == sync.inode
    }
}
