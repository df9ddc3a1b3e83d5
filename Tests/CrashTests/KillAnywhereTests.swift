import CrashWorkloads
import Foundation
import RegistryCore
import Synchronization
import Testing

/// Kills, and errors of the disk, at every call that writes.
///
/// `make crash POINTS=10000` does more of them; POINT='put half 12' does one, and keeps what it leaves.
@Suite(.serialized) struct KillAnywhereTests {
    @Test func whateverCallIsTheLastOneNoWrongByteIsServedNoPromiseIsLostAndTheNextRunConverges() async throws {
        let room = try CrashRoom()
        let environment = ProcessInfo.processInfo.environment
        let wanted = environment["CRASH_POINTS"].flatMap(Int.init) ?? 1_000
        var scenes: [Workload: Scene] = [:]
        for workload in Workload.swept { scenes[workload] = try Scene(workload, room) }

        let single = Workload.swept.flatMap { scenes[$0]?.points ?? [] }
        // A start can be cut off as well: the rest are pairs, whose second kill comes somewhere in what follows.
        let pairs = single.filter(\.mode.isKill).enumerated().map { index, point in
            var pair = point
            pair.second = 1 + index * 7_919 % max(1, scenes[point.workload]?.calls ?? 1)
            return pair
        }
        var points = single.thinned(to: wanted * 4 / 5)
        points += pairs.thinned(to: wanted - points.count)
        if let one = environment["CRASH_POINT"] { points = (single + pairs).filter { $0.description.hasPrefix(one) } }

        let failures = Failures()
        await withTaskGroup(of: Void.self) { group in
            var waiting = points.enumerated().makeIterator()
            func startNext() {
                guard let (index, point) = waiting.next(), let scene = scenes[point.workload] else { return }
                group.addTask {
                    do {
                        try await blocking { try scene.run(point, in: room, "point-\(index)") }
                    } catch { failures.add("\(point): \(error)") }
                }
            }
            for _ in 0..<max(2, ProcessInfo.processInfo.activeProcessorCount) { startNext() }
            while await group.next() != nil { startNext() }
        }
        print("kill anywhere: \(points.count) points of \(single.count) and \(pairs.count) pairs")
        let found = failures.all
        #expect(found.isEmpty, "\(found.count) of \(points.count) points:\n\(found.prefix(12).joined(separator: "\n"))")
        #expect(points.count >= min(wanted, single.count + pairs.count) || environment["CRASH_POINT"] != nil)
    }
}

/// What went wrong, from many tasks.
private final class Failures: Sendable {
    private let stored = Mutex<[String]>([])
    var all: [String] { stored.withLock { $0 } }
    func add(_ text: String) { stored.withLock { $0.append(text) } }
}

/// A workload, with what it does and what it comes to where nothing goes wrong.
private struct Scene: Sendable {
    let template: Place
    let points: [KillPoint]
    let state: String
    let calls: Int

    init(_ workload: Workload, _ room: CrashRoom) throws {
        template = try room.template(of: workload)
        let place = try room.copy(template, "whole-\(workload.rawValue)")
        defer { room.remove(place) }
        let trace = try room.finish(workload, at: place)
        points = KillPoint.all(of: workload, in: trace)
        calls = trace.count
        let checked = try room.check(workload, at: place)
        guard checked.status == .exited(0) else { throw CrashFinding("\(workload) without a fault: \(checked)") }
        state = checked.output
    }

    func run(_ point: KillPoint, in room: CrashRoom, _ name: String) throws {
        let place = try room.copy(template, name)
        defer { room.remove(place) }
        let fault = ["CRASH_MODE": point.mode.rawValue, "CRASH_AT": "\(point.number)"]
        let ended = try room.run(point.workload, at: place, fault)
        let expected: [ChildRun.Status] =
            switch point.mode {
            case .before, .after, .half: [.signalled(SIGKILL)]
            // Half a write is no error; an error that does not come again is got over in the same process.
            case .short, .full, .broken: [.exited(0)]
            case .fills: [.exited(0), .exited(1)]
            }
        guard expected.contains(ended.status) else { throw CrashFinding("it ended with \(ended)") }
        if let second = point.second {
            _ = try room.run(point.workload, at: place, ["CRASH_MODE": "before", "CRASH_AT": "\(second)"])
        }
        let checked = try room.check(point.workload, at: place)
        guard checked.status == .exited(0) else { throw CrashFinding("\(checked)") }
        guard checked.output == state else {
            throw CrashFinding("it came to another state:\n\(checked.output)instead of\n\(state)")
        }
    }
}
