import CrashWorkloads
import Foundation
import Glibc

/// What a workload did, call by call, from a disk on which everything before was durable.
struct Recording: Sendable {
    let scene: Scene
    let name: String
    let before: DiskModel
    let trace: [TraceCall]
    /// The first moment of interest.
    var start = 0

    /// A power cut before the call of that number, from 0; all of them done where there is none.
    struct Cut: Sendable, CustomStringConvertible {
        let moment: Int
        let loss: Loss
        var description: String { "\(moment): \(loss)" }
    }

    /// Where a cut tells something new: before a sync, when the most is at stake, and after a promise.
    func isTelling(_ moment: Int) -> Bool {
        moment == trace.count || trace[moment].kind.isSync || moment > 0 && trace[moment - 1].kind == .say
    }

    var syncs: [MissingSync] {
        trace.indices.filter { trace[$0].kind.isSync }.map { MissingSync(recording: self, index: $0) }
    }

    /// - Parameter mixes: how many losses of mixed fates there are at each moment.
    func cuts(mixes: Int) throws -> [Cut] {
        var disk = before
        var cuts: [Cut] = []
        for moment in 0...trace.count {
            if moment >= start, isTelling(moment) {
                cuts += disk.losses(mixes: mixes, seed: moment).map { Cut(moment: moment, loss: $0) }
            }
            if moment < trace.count { try disk.apply(trace[moment]) }
        }
        return cuts
    }

    /// Cuts the power at each of these moments, which ascend, and has a look at what is left.
    ///
    /// - Parameter skipped: a call that is taken for one that did nothing.
    /// - Returns: the first finding, with its cut; nil where everything is in order.
    func firstFinding(
        _ cuts: some Sequence<Cut>, without skipped: Int? = nil, in room: CrashRoom, _ name: String,
        _ checks: CheckProcess
    ) throws -> String? {
        var disk = before
        var done = 0
        for cut in cuts {
            while done < cut.moment {
                if done != skipped { try disk.apply(trace[done]) }
                done += 1
            }
            let place = Place("\(room.root)/\(name)")
            defer { room.remove(place) }
            try disk.write(cut.loss, to: place.root)
            let said = trace[..<cut.moment].filter { $0.kind == .say }.reduce(into: Data()) { $0 += $1.data }
            try said.write(to: URL(filePath: place.promises))
            do { try scene.judge(place, checks) } catch let finding as CrashFinding {
                return "\(self.name), cut at \(cut), before \(at(cut.moment)): \(finding)"
            }
        }
        return nil
    }

    private func at(_ moment: Int) -> String { moment < trace.count ? "\(trace[moment])" : "the end" }
}

extension Scene {
    /// From start to end, with no fault.
    var recording: Recording { Recording(scene: self, name: workload.rawValue, before: before, trace: trace) }

    /// A kill after the call of that number, from 1, and then all of it: what was not synced before the kill is still at
    /// stake, and who comes next finds it done.
    func recording(killedAfter number: Int, in room: CrashRoom) throws -> Recording {
        let place = try room.copy(template, "twice-\(workload.rawValue)-\(number)")
        defer { room.remove(place) }
        let before = try DiskModel(of: place.root)
        let first = try record(["CRASH_MODE": "after", "CRASH_AT": "\(number)"], at: place, room)
        let second = try record([:], at: place, room)
        return Recording(
            scene: self, name: "\(workload.rawValue) killed after \(number)", before: before, trace: first + second,
            start: first.count)
    }

    /// A sync, the call of that number, that fails, and then whatever is done about it.
    func recording(failing number: Int, in room: CrashRoom) throws -> Recording {
        let place = try room.copy(template, "failing-\(workload.rawValue)-\(number)")
        defer { room.remove(place) }
        let before = try DiskModel(of: place.root)
        let trace = try record(["CRASH_MODE": "broken", "CRASH_AT": "\(number)"], at: place, room)
        let failed = trace.firstIndex { $0.kind == .failed } ?? trace.count
        return Recording(
            scene: self, name: "\(workload.rawValue) failing at \(number)", before: before, trace: trace, start: failed)
    }

    private func record(
        _ environment: [String: String], at place: Place, _ room: CrashRoom
    ) throws -> [TraceCall] {
        let trace = "\(place.root)/trace"
        defer { unlink(trace) }
        let ended = try room.run(workload, at: place, environment.merging(["CRASH_TRACE": trace]) { $1 })
        guard [.exited(0), .signalled(SIGKILL)].contains(ended.status) else {
            throw CrashFinding("\(workload) \(environment) ended with \(ended)")
        }
        return try TraceCall.all(in: Data(contentsOf: URL(filePath: trace)))
    }
}

extension DiskModel {
    /// Losses that differ, of what is not durable now.
    func losses(mixes: Int, seed: Int) -> [Loss] {
        let hasData = nodes.contains { !$0.changes.isEmpty || $0.newMode != nil }
        let hasMoves = nodes.contains { !$0.moves.isEmpty }
        let data: [Loss.Fate] = hasData ? [.lost, .holes, .torn] : []
        var losses = data.map { Loss(data: $0, folders: .kept) }
        if hasMoves { losses.append(Loss(data: .kept, folders: .lost)) }
        if hasData, hasMoves { losses.append(Loss(data: .lost, folders: .lost)) }
        guard hasData || hasMoves else { return [Loss(data: .kept, folders: .kept)] }
        for mix in 0..<mixes {
            let fate = Loss.Fate.mixed(UInt64(seed * 1_000 + mix))
            losses.append(Loss(data: fate, folders: fate))
        }
        return losses
    }
}
