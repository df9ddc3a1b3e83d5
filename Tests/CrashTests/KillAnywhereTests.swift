import CrashWorkloads
import Foundation
import Testing

/// Kills, and errors of the disk, at every call that writes.
///
/// `make crash POINTS=10000` does more of them; CRASH_POINT='put half 12' does one.
@Suite(.serialized) struct KillAnywhereTests {
    @Test func whateverCallIsTheLastOneNoWrongByteIsServedNoPromiseIsLostAndTheNextRunConverges() async throws {
        let room = try CrashRoom()
        let environment = ProcessInfo.processInfo.environment
        let wanted = environment["CRASH_POINTS"].flatMap(Int.init) ?? 1_000
        let scenes = try Workload.allCases.map { try Scene($0, room) }

        let single = scenes.flatMap { scene in KillPoint.all(in: scene.calls).map { (scene, $0) } }
        // A start can be cut off as well: the rest are pairs, whose second kill comes somewhere in what follows.
        let pairs = single.filter(\.1.mode.isKill).enumerated().map { index, point in
            var pair = point
            pair.1.second = 1 + index * 7_919 % max(1, point.0.calls.count)
            return pair
        }
        var points = single.thinned(to: wanted * 4 / 5)
        points += pairs.thinned(to: wanted - points.count)
        if let one = environment["CRASH_POINT"] {
            points = (single + pairs).filter { "\($0.workload.rawValue) \($1)".hasPrefix(one) }
        }

        let (findings, missed) = (Findings(), Findings())
        let begun = ContinuousClock.now
        try await room.each(points) { point, index, checks in
            do {
                let isReached = try point.0.run(point.1, in: room, "point-\(index)", checks)
                if !isReached { missed.add("\(point.1)") }
            } catch {
                findings.add("\(point.0.workload.rawValue) \(point.1): \(error)")
            }
        }
        print(
            "kill anywhere: \(points.count) points of \(single.count) and \(pairs.count) pairs in "
                + "\((ContinuousClock.now - begun).components.seconds) s")
        findings.expectNone(of: points.count, "points")
        #expect(missed.all.count <= points.count / 50, "not killed: \(missed.all)")
        #expect(points.count >= min(wanted, single.count + pairs.count) || environment["CRASH_POINT"] != nil)
    }
}

extension Scene {
    /// Lets one thing go wrong in a copy of the template, and looks at what is left.
    /// - Returns: false where a run had fewer calls than the first one, as threads will have it, and met nobody who
    ///   killed it.
    fileprivate func run(
        _ point: KillPoint, in room: CrashRoom, _ name: String, _ checks: CheckProcess
    ) throws -> Bool {
        let place = try room.copy(template, name)
        defer { room.remove(place) }
        let fault = ["CRASH_MODE": point.mode.rawValue, "CRASH_AT": "\(point.number)"]
        let ended = try room.run(workload, at: place, fault)
        let expected: [ChildRun.Status] =
            switch point.mode {
            case .before, .after, .half: [.signalled(SIGKILL), .exited(0)]
            // Half a write is no error; an error that does not come again is got over in the same process.
            case .short, .full, .broken: [.exited(0)]
            case .fills: [.exited(0), .exited(1)]
            }
        guard expected.contains(ended.status) else { throw CrashFinding("it ended with \(ended)") }
        if let second = point.second {
            _ = try room.run(workload, at: place, ["CRASH_MODE": "before", "CRASH_AT": "\(second)"])
        }
        try judge(place, checks)
        return !point.mode.isKill || ended.status == .signalled(SIGKILL)
    }
}
