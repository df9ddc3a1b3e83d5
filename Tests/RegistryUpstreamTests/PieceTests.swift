import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// A large file in pieces over several connections.
@Suite struct PieceTests {
    private static let options = HubOptions(connections: 4, piece: 262_144, redirectHosts: ["localhost"])
    private static let weights = TemporaryHub.weights

    private func fetch(
        _ faults: [Fault] = [], options: HubOptions = options, into sink: MemorySink = MemorySink(),
        _ check: @escaping @Sendable ([RequestLog.Entry], (any Error)?) -> Void
    ) async throws {
        try await TemporaryHub.running(faults: faults, options: options) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: sink) }
            check(log.entries, error)
        }
    }

    @Test func thePiecesMakeTheFileAndItsAddressIsAskedForOnce() async throws {
        let sink = MemorySink()
        try await fetch(into: sink) { entries, error in
            #expect(error == nil)
            #expect(sink.bytes == Self.weights)
            let ranges = entries.filter { $0.target.hasPrefix("/storage/") }.compactMap(\.range)
            #expect(ranges.count == 12 && Set(ranges).count == 12)
            #expect(entries.count { $0.target.contains("/resolve/") } == 1)
        }
    }

    @Test func onlyThePiecesThatAreMissingAreAskedFor() async throws {
        try await TemporaryHub.running(options: Self.options) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sink = MemorySink(Self.weights[..<2_621_440], validator: file.storageTag)
            try await client.fetch(file, of: tiny, at: commit, into: sink)
            #expect(sink.bytes == Self.weights)
            let ranges = log.entries.filter { $0.target.hasPrefix("/storage/") }.compactMap(\.range)
            #expect(ranges.sorted() == ["bytes=2621440-2883583", "bytes=2883584-2999999"])
        }
    }

    @Test func aPieceThatBreaksOffGoesOnWhereItStopped() async throws {
        let sink = MemorySink()
        try await fetch([Fault(.cut(after: 100_000), at: "/storage/", times: 3)], into: sink) { entries, error in
            #expect(error == nil)
            #expect(sink.bytes == Self.weights && sink.restarts == 0)
            #expect(entries.count { $0.target.hasPrefix("/storage/") } == 15)
        }
    }

    @Test func anAddressThatRunsOutBetweenPiecesIsAskedForAgain() async throws {
        let sink = MemorySink()
        try await fetch([Fault(.status(403), at: "/storage/", times: 1)], into: sink) { _, error in
            #expect(error == nil)
        }
        let refused = MemorySink()
        try await fetch([Fault(.status(403), at: "/storage/", times: 2)], into: refused) { entries, error in
            #expect(error == nil || error is UpstreamError)
            #expect(entries.count { $0.target.contains("/resolve/") } >= 2)
        }
        #expect(sink.bytes == Self.weights)
    }

    @Test func aStorageThatKnowsNoRangesGivesTheWhole() async throws {
        let sink = MemorySink()
        try await fetch([Fault(.wholeInsteadOfRange, at: "/storage/")], into: sink) { entries, error in
            #expect(error == nil)
            #expect(sink.bytes == Self.weights)
            #expect(entries.count { $0.target.hasPrefix("/storage/") } == 1)
        }
    }

    @Test(arguments: ["ETag: W/\"weak\"", "ETag: none", "ETag: \"\""])
    func withoutAStrongTagTheFileComesInOneStream(tag: String) async throws {
        let sink = MemorySink()
        try await fetch([Fault(.header(tag), at: "/storage/")], into: sink) { entries, error in
            #expect(error == nil)
            #expect(sink.bytes == Self.weights && sink.validator == nil)
            #expect(entries.filter { $0.target.hasPrefix("/storage/") }.map(\.range) == ["bytes=0-262143", nil])
        }
    }

    @Test func contentThatChangesBetweenPiecesIsNeverPutTogether() async throws {
        // The first answer alone has another tag: what came with it belongs to other content.
        let once = MemorySink()
        try await fetch([Fault(.header("ETag: \"other\""), at: "/storage/", times: 1)], into: once) { _, error in
            #expect(error == nil)
            #expect(once.bytes == Self.weights && once.restarts == 1)
        }
        let always = MemorySink(Self.weights[..<1_000_000], validator: "\"yesterday\"")
        try await fetch(
            (0..<400).map { Fault(.header("ETag: \"\($0)\""), at: "/storage/", times: 1) }, into: always
        ) { _, error in
            #expect(error as? UpstreamError == .contentChanged("model.safetensors"))
        }
    }

    @Test(arguments: [1, 3])
    func noMoreConnectionsThanTheBudgetAreUsedOverAllFiles(connections: Int) async throws {
        let silence = Fault(.silence(.milliseconds(30)), at: "/storage/")
        let options = HubOptions(connections: connections, piece: 1_000_000, redirectHosts: ["localhost"])
        try await TemporaryHub.running(faults: [silence], options: options) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            let sinks = (0..<4).map { _ in MemorySink() }
            try await withThrowingTaskGroup { group in
                for sink in sinks { group.addTask { try await client.fetch(file, of: tiny, at: commit, into: sink) } }
                try await group.waitForAll()
            }
            for sink in sinks { #expect(sink.bytes == Self.weights) }
            #expect(log.mostAtOnce(at: "/storage/") == connections)
        }
    }

    @Test func theLimitOfAWindowHoldsOverSeveralFilesAtOnce() async throws {
        var options = HubOptions(connections: 4, piece: 500_000, redirectHosts: ["localhost"])
        options.bandwidth = try BandwidthSchedule("1KB; 00:00-24:00 4MB")
        try await TemporaryHub.running(options: options) { client, _ in
            let (commit, file) = try await client.file("model.safetensors")
            let sinks = (0..<3).map { _ in MemorySink() }
            let began = ContinuousClock.now
            try await withThrowingTaskGroup { group in
                for sink in sinks { group.addTask { try await client.fetch(file, of: tiny, at: commit, into: sink) } }
                try await group.waitForAll()
            }
            for sink in sinks { #expect(sink.bytes == Self.weights) }
            // 9 MB at 4 MB/s, less what may come at the start and the one delivery that overdraws: 0.4 and 0.5 MB.
            #expect(ContinuousClock.now - began > .seconds(2))
        }
    }

    @Test(
        arguments: [
            ("none", nil, nil), ("20MB", 20_000_000, 20_000_000), ("1KiB/s", 1024, 1024),
            ("20MB; 08:00-18:00 5MB", 20_000_000, 5_000_000),
            ("none; 22:00-06:00 1GB; 08:00-18:00 5MB", 1_000_000_000, 5_000_000),
            ("5MB;00:00-24:00 none", nil, nil), ("5MB; 23:30-00:30 1MB", 1_000_000, 5_000_000),
        ] as [(String, Int64?, Int64?)])
    func aScheduleSaysWhatHoldsWhen(text: String, atMidnight: Int64?, atNoon: Int64?) throws {
        let schedule = try BandwidthSchedule(text)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "Europe/Berlin"))
        let midnight = try #require(calendar.date(from: DateComponents(year: 2026, month: 11, day: 24)))
        #expect(schedule.limit(at: midnight, in: calendar) == atMidnight)
        #expect(schedule.limit(at: midnight.addingTimeInterval(12 * 3600), in: calendar) == atNoon)
        #expect(try BandwidthSchedule(text).description == schedule.description)
    }

    @Test(arguments: [
        "", "fast", "0MB", "-5MB", "5", "999B", "99999999999GB", "5MB 08:00-18:00", "5MB; 8-18 1MB",
        "5MB; 08:00-25:00 1MB",
        "5MB; 08:00-08:00 1MB", "5MB; 08:00-18:00 1MB; 17:59-19:00 2MB", "5MB; 22:00-06:00 1MB; 05:00-07:00 1MB",
        "5MB;",
        "5MB; 08:00-18:60 1MB", "5MB; 08:00-18:00", "08:00-18:00",
    ])
    func whatIsNoScheduleIsRefused(text: String) {
        #expect(throws: BandwidthSchedule.Invalid.self) { try BandwidthSchedule(text) }
    }
}
