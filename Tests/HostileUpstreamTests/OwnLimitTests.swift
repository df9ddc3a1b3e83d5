import Foundation
import HostileHub
import RegistryCore
import RegistryUpstream
import Synchronization
import Testing

/// What we hold up ourselves is nobody's fault, and what upstream holds up holds up nobody else.
@Suite struct OwnLimitTests {
    private static let file = HostileFile(HostileFile.noise(2_500_000, seed: 9))

    @Test func aLimitedBandwidthMeetsNoDeadline() async throws {
        // Much slower than the deadlines allow, for longer than they allow.
        let attempts = AttemptPolicy(
            attempts: 1, firstDelay: .zero, longestDelay: .zero, longestWait: .zero,
            deadlines: Deadlines(
                connect: .seconds(5), firstByte: .seconds(5), slowest: 50_000_000, slowFor: .milliseconds(900),
                base: .milliseconds(1500), rate: 1 << 40))
        var options = HubOptions(connections: 3, piece: 1 << 20, redirectHosts: ["localhost"])
        options.bandwidth = try BandwidthSchedule("1MB")
        try await withHostileHub(Self.file) { [options] hub in
            try await Stand.open { stand in
                let start = ContinuousClock.now
                let error = await stand.fetch(hub, attempts: attempts, options: options)
                #expect(error == nil, "\(String(describing: error))")
                #expect(stand.holdsOnly(Self.file))
                let elapsed = ContinuousClock.now - start
                #expect(elapsed > .seconds(2), "\(elapsed)")
            }
        }
    }

    @Test func connectionsThatShareALimitedBandwidthTakeTurns() async throws {
        var options = HubOptions(connections: 4, piece: 700_000, redirectHosts: ["localhost"])
        options.bandwidth = try BandwidthSchedule("1MB")
        let ends = Mutex<[ContinuousClock.Instant]>([])
        try await withHostileHub(Self.file) { [options] hub in
            let client = try HubClient(endpoint: hub.endpoint, attempts: .quick, options: options)
            defer { client.close() }
            let commit = try CommitID(HostileHub.commit)
            let id = try RepositoryID(hub.repository)
            let file = try #require(try await client.tree(of: id, at: commit).first)
            let sink = CountingSink(size: file.size, piece: 700_000) { ends.withLock { $0.append(.now) } }
            try await client.fetch(file, of: id, at: commit, into: sink)
        }
        // Four pieces of which each has its share end together; one behind the other they would end over two seconds.
        let times = ends.withLock { $0 }
        let first = try #require(times.min()), last = try #require(times.max())
        #expect(times.count == 4 && last - first < .milliseconds(1200), "\(last - first)")
    }

    @Test func whoWaitsForARateLimitHoldsNoConnection() async throws {
        // The hub lets nobody ask it where files lie for two seconds; the storage does not know of that.
        let limit = at(.resolve, times: 1) { reply, _ in reply["RateLimit"] = "\"resolvers\";r=0;t=1" }
        let one = try HostileHub(Self.file, script: limit)
        defer { one.stop() }
        let options = HubOptions(connections: 1, piece: 100_000, redirectHosts: ["localhost"])
        let (waits, wait) = AsyncStream<Void>.makeStream()
        var attempts = AttemptPolicy.quick
        attempts.longestWait = .seconds(10)
        let client = try HubClient(endpoint: one.endpoint, attempts: attempts, options: options) { _ in
            wait.yield()
        }
        defer { client.close() }
        let commit = try CommitID(HostileHub.commit)
        let id = try RepositoryID(one.repository)
        let file = try #require(try await client.tree(of: id, at: commit).first)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (started, start) = AsyncStream<Void>.makeStream()
            group.addTask {
                let sink = CountingSink(size: file.size, piece: 100_000) { start.finish() }
                try await client.fetch(file, of: id, at: commit, into: sink)
                // All 25 pieces came while the other file's question waited.
                #expect(one.requests.count { $0.stage == .resolve } == 1)
            }
            group.addTask {
                for await _ in started {}
                try await client.fetch(file, of: id, at: commit, into: CountingSink(size: file.size, piece: 100_000) {})
                wait.finish()
                // It did wait: else nothing was shown here.
                var count = 0
                for await _ in waits { count += 1 }
                #expect(count > 0)
            }
            try await group.waitForAll()
        }
    }

    @Test func cancelledFetchesLeaveNoDescriptorBehind() async throws {
        func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
        // Too small to be resumed: each turn begins with nothing.
        let file = HostileFile(HostileFile.noise(12 << 20, seed: 3))
        try await Stand.open { stand in
            let options = HubOptions(connections: 8, piece: 1 << 20, redirectHosts: ["localhost"])
            let before = try descriptors()
            for turn in 0..<30 {
                let (reached, reach) = AsyncStream<Void>.makeStream()
                try await withHostileHub(
                    file,
                    script: { request, reply in
                        guard request.stage == .bytes, request.earlier >= turn % 8 else { return }
                        reply.silence = .seconds(600)
                        reach.finish()
                    }
                ) { hub in
                    let fetch = Task { await stand.fetch(hub, options: options) }
                    for await _ in reached {}
                    fetch.cancel()
                    let error = await fetch.value
                    #expect(error is CancellationError, "\(String(describing: error))")
                }
            }
            // The hubs' own threads close their ends a moment later.
            let deadline = ContinuousClock.now + .seconds(10)
            while try descriptors() > before, .now < deadline { await Task.yield() }
            #expect(try descriptors() <= before)
        }
    }
}

/// Throws bytes away, and tells when a piece is whole.
private final class CountingSink: ByteSink {
    private struct State {
        var counts: [Int64: Int64] = [:]
        var validator: String?
    }

    private let size: Int64
    private let piece: Int64
    private let whole: @Sendable () -> Void
    private let state = Mutex(State())

    init(size: Int64, piece: Int64, whole: @escaping @Sendable () -> Void) {
        self.size = size
        self.piece = piece
        self.whole = whole
    }

    private func length(_ index: Int64) -> Int64 { min(piece, size - index * piece) }

    var missing: [Range<Int64>] {
        state.withLock { state in
            (0..<(size + piece - 1) / piece).compactMap { index in
                let start = index * piece + (state.counts[index] ?? 0), end = index * piece + length(index)
                return start < end ? start..<end : nil
            }
        }
    }

    var validator: String? { state.withLock(\.validator) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        let index = offset / piece
        let isWhole = state.withLock { state in
            state.counts[index, default: 0] += Int64(bytes.count)
            return state.counts[index] == length(index)
        }
        if isWhole { whole() }
    }

    func restart(validator: String?) throws { state.withLock { $0 = State(validator: validator) } }
}
