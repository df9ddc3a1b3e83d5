import CrashWorkloads
import Foundation
import Synchronization
import Testing

/// Power cuts at every moment, in a model of the disk that keeps, loses and tears what was not synced.
///
/// `make crash POINTS=10000` does more of them.
@Suite(.serialized) struct PowerCutTests {
    @Test func whateverAPowerCutTakesNoWrongByteIsServedNoPromiseIsLostAndTheNextRunConverges() async throws {
        let room = try CrashRoom()
        let wanted = ProcessInfo.processInfo.environment["CRASH_POINTS"].flatMap(Int.init) ?? 600
        let scenes = try Workload.allCases.map { try Scene($0, room) }
        let faulty = try await recordings(of: scenes, each: max(4, wanted / 100), in: room)
        let recordings = scenes.map(\.recording) + faulty
        let all = try recordings.flatMap { recording in
            try recording.cuts(mixes: max(2, wanted / 1_000)).map { (recording, $0) }
        }
        let cuts = all.thinned(to: wanted)

        let findings = Findings()
        let begun = ContinuousClock.now
        try await room.each(cuts) { cut, index, checks in
            let (recording, cut) = cut
            if let found = try recording.firstFinding([cut], in: room, "cut-\(index)", checks) { findings.add(found) }
        }
        print("power cuts: \(cuts.count) of \(all.count) in \((ContinuousClock.now - begun).components.seconds) s")
        findings.expectNone(of: cuts.count, "cuts")
    }

    /// With kills and failing syncs, so many of each in every workload.
    private func recordings(of scenes: [Scene], each count: Int, in room: CrashRoom) async throws -> [Recording] {
        let made = Mutex<[Recording]>([])
        let kills = scenes.flatMap { scene in (1...scene.calls.count).map { (scene, $0) }.thinned(to: count) }
        try await room.each(kills) { kill, _, _ in
            let recording = try kill.0.recording(killedAfter: kill.1, in: room)
            made.withLock { $0.append(recording) }
        }
        let failures = scenes.flatMap { scene in
            scene.calls.indices.filter { scene.calls[$0].kind.isSync }.map { (scene, $0 + 1) }.thinned(to: count)
        }
        try await room.each(failures) { failure, _, _ in
            let recording = try failure.0.recording(failing: failure.1, in: room)
            made.withLock { $0.append(recording) }
        }
        return made.withLock { $0 }.sorted { $0.name < $1.name }
    }

    @Test func everySyncOfTheProtocolIsNeeded() async throws {
        let room = try CrashRoom()
        let syncs = try Workload.allCases.flatMap { try Scene($0, room).recording.syncs }
            .filter { try !$0.isExplained && $0.hasWork }
        let begun = ContinuousClock.now
        let (noticed, unnoticed) = (Findings(), Findings())
        try await room.each(syncs) { sync, index, checks in
            if let finding = try sync.finding(in: room, "without-\(index)", checks) {
                noticed.add("\(sync): \(finding)")
            } else {
                unnoticed.add("\(sync)")
            }
        }
        if ProcessInfo.processInfo.environment["CRASH_VERBOSE"] != nil {
            print(noticed.all.joined(separator: "\n"))
        }
        print(
            "missing syncs: \(noticed.all.count) of \(syncs.count) are noticed in "
                + "\((ContinuousClock.now - begun).components.seconds) s")
        unnoticed.expectNone(of: syncs.count, "syncs")
        #expect(noticed.all.count > 60)
    }

    /// What a start syncs was written by an owner who was killed before he could, so this takes a kill and then a power
    /// cut.
    @Test func whatAStartSyncsIsNeededAfterAKill() async throws {
        let room = try CrashRoom()
        let scene = try Scene(.first, room)
        // Folders that were made and not synced; later calls are not the same ones in every run.
        let kills = scene.calls.indices.prefix(12).dropFirst().filter {
            scene.calls[$0].kind.isSync && scene.calls[$0 - 1].kind == .mkdir
        }
        let needed = Mutex(0)
        try await room.each(kills) { kill, index, checks in
            let recording = try scene.recording(killedAfter: kill, in: room)
            guard let sync = recording.syncs.first(where: { $0.index >= recording.start && $0.isOfAStart }) else {
                throw CrashFinding("\(recording.name): the start after it syncs nothing")
            }
            if try sync.hasWork, try sync.finding(in: room, "start-\(index)", checks) != nil {
                needed.withLock { $0 += 1 }
            }
        }
        #expect(!kills.isEmpty && needed.withLock { $0 } == kills.count)
    }
}
