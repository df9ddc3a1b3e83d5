import Foundation
import HostileHub
import RegistryCore
import RegistryOperations
import RegistryStorage
import RegistryUpstream
import Synchronization

/// One fetch from an upstream whose misbehaviour follows from a seed: what is fetched, how, which tricks are played on
/// which answers, and when the fetch is killed and begun again.
struct ChaosRun: Sendable {
    struct Outcome: Sendable {
        /// `right bytes`, or the name of the error.
        var ending = ""
        var fetches = 0
        var kills = 0
        var tricks: [ChaosTrick: Int] = [:]
        /// What must never be; empty where all is well.
        var violations: [String] = []
    }

    static let right = "right bytes"
    /// A fetch that takes longer hangs: every deadline in it is well below.
    private static let patience = Duration.seconds(60)
    private static let recorded: Int64 = 16 << 20

    let seed: UInt64
    private let file: HostileFile
    private let options: HubOptions
    private let tricks: [ChaosTrick]
    private let troubleRate: Double
    /// After so many requests for bytes the fetch is killed; one number for each kill.
    private let kills: [Int]

    init(seed: UInt64) {
        self.seed = seed
        var numbers = Numbers(seed: seed)
        let kilobyte: Int64 = 1024
        let size: Int64 =
            switch Int.random(in: 0..<50, using: &numbers) {
            case 0: 0
            case 1: 1
            case 2..<12: .random(in: 2...64 * kilobyte, using: &numbers)
            case 12..<15: 1024 * kilobyte + .random(in: -1...1, using: &numbers)
            case 15..<48: .random(in: 64 * kilobyte...2048 * kilobyte, using: &numbers)
            default: .random(in: 17_408 * kilobyte...24_576 * kilobyte, using: &numbers)
            }
        file = HostileFile(
            HostileFile.noise(Int(size), seed: seed), isLFS: Int.random(in: 0..<5, using: &numbers) > 0)
        let pieces = Int64.random(in: 1...16, using: &numbers)
        options = HubOptions(
            connections: .random(in: 1...8, using: &numbers), piece: max(16 * kilobyte, size / pieces + 1),
            redirectHosts: ["localhost"])
        tricks = ChaosTrick.some(.random(in: 1...4, using: &numbers), &numbers)
        troubleRate = [0.03, 0.1, 0.3, 0.6].randomElement(using: &numbers) ?? 0.1
        let count = max(0, Int.random(in: -2...2, using: &numbers))
        kills = (0..<count).map { _ in Int.random(in: 0..<20, using: &numbers) }
    }

    /// - Parameter registry: one that nothing else uses meanwhile, and whose store is empty; so it is left.
    func perform(in registry: Registry) async throws -> Outcome {
        var outcome = Outcome()
        let played = Mutex<[ChaosTrick: Int]>([:])
        let hub = try HostileHub(file)
        defer { hub.stop() }
        var last: (any Error)?
        for attempt in 0..<4 {
            let fetch = Killable(after: attempt < kills.count ? kills[attempt] : nil)
            hub.play { request, reply in
                // Of the request itself and not of its turn: so a replay plays the same although requests race.
                let own = Numbers.seed(
                    seed, attempt, "\(request.stage) \(request.range?.lowerBound ?? -1) \(request.repeats)")
                var numbers = Numbers(seed: own)
                if request.stage == .bytes { fetch.countRequest() }
                guard Double.random(in: 0..<1, using: &numbers) < troubleRate,
                    let trick = tricks.randomElement(using: &numbers), trick.play(request, &reply, file, &numbers)
                else { return }
                played.withLock { $0[trick, default: 0] += 1 }
            }
            outcome.fetches += 1
            last = await fetch.run { try await self.fetch(hub, registry, .chaotic) }
            if last is CancellationError { outcome.kills += 1 }
            if last is Stuck { outcome.violations.append("hung for \(Self.patience)") }
            outcome.violations += check(registry, after: last, kills: outcome.kills)
            guard let error = last, error is CancellationError || (error as? UpstreamError)?.mayPass == true else {
                break
            }
        }
        outcome.ending = Self.name(last)
        outcome.tricks = played.withLock { $0 }

        // Whatever happened, a healthy upstream gives the file.
        hub.play()
        let healthy = await Killable(after: nil).run { try await self.fetch(hub, registry, .patient) }
        if let healthy { outcome.violations.append("not even a healthy upstream gave the file: \(healthy)") }
        outcome.violations += check(registry, after: healthy, kills: outcome.kills)
        try registry.blobs.remove(file.sha256)
        for item in registry.blobs.quarantineItems() + registry.blobs.ingestItems() { registry.blobs.remove(item) }
        return outcome
    }

    /// A client of its own, as a process that was killed would have.
    private func fetch(_ hub: HostileHub, _ registry: Registry, _ attempts: AttemptPolicy) async throws {
        let client = try HubClient(endpoint: hub.endpoint, attempts: attempts, options: options)
        defer { client.close() }
        _ = try await registry.fetchAll(of: RepositoryID(hub.repository), from: client)
    }

    /// What is in the store, looked at without any of the code that put it there.
    private func check(_ registry: Registry, after error: (any Error)?, kills: Int) -> [String] {
        var violations: [String] = []
        let blobs = registry.blobs.allBlobs()
        for blob in blobs {
            let found = ContentDigests.ofFile(registry.blobs.layout.blob(blob.digest))
            if found?.sha256 != blob.digest || blob.digest != file.sha256 || found?.size != file.size {
                violations.append("wrong bytes published: \(blob.digest) holds \(String(describing: found))")
            }
        }
        // Who was killed may have come to the end all the same.
        let expected = error == nil ? 1...1 : kills > 0 ? 0...1 : 0...0
        if !expected.contains(blobs.count) {
            violations.append("\(blobs.count) blobs published by a fetch that ended with \(Self.name(error))")
        }
        // What the next fetch can go on with: a file that is whole, or pieces of a large one and the record of them.
        let left = registry.blobs.ingestItems()
        let mayGoOn = error.map(Self.leavesPieces) ?? false
        let isWhole = left.count == 1 && left.first?.size == file.size
        if !left.isEmpty, !mayGoOn || !isWhole && (file.size <= Self.recorded || left.count != 2) {
            violations.append("left behind after \(Self.name(error)): \(left.map(\.path))")
        }
        if let error, !Self.hasName(error) { violations.append("an error that nobody has named: \(error)") }
        return violations
    }

    /// `truncated` of `.truncated(…)`.
    private static func name(_ error: (any Error)?) -> String {
        guard let error else { return right }
        if error is CancellationError { return "killed" }
        return Swift.Mirror(reflecting: error).children.first?.label ?? "\(error)"
    }

    private static func leavesPieces(_ error: any Error) -> Bool {
        guard let error = error as? UpstreamError else { return error is CancellationError }
        // Where not even the tree came, nothing was said of the file, and what an earlier fetch left of it stays.
        if case .protocolViolation(let what, _, _) = error,
            ["tree of", "description of", "/api/models/"].contains(where: what.contains)
        {
            return true
        }
        return !error.isAboutContent
    }

    private static func hasName(_ error: any Error) -> Bool {
        if case StorageError.mismatch = error { return true }
        return error is CancellationError || error is UpstreamError || error is Stuck
    }

    private struct Stuck: Error {}

    /// A fetch that can be killed after so many requests.
    private final class Killable: Sendable {
        private let state: Mutex<(left: Int?, task: Task<Void, any Error>?)>

        init(after count: Int?) { state = Mutex((count, nil)) }

        func countRequest() {
            let victim = state.withLock { state in
                guard let left = state.left else { return Task<Void, any Error>?.none }
                state.left = left - 1
                return left <= 0 ? state.task : nil
            }
            victim?.cancel()
        }

        /// - Returns: what it ended with; nil where it came to its end.
        func run(_ body: @escaping @Sendable () async throws -> Void) async -> (any Error)? {
            let task = Task { try await body() }
            state.withLock { $0.task = task }
            let watch = Task {
                try await Task.sleep(for: ChaosRun.patience)
                task.cancel()
                throw Stuck()
            }
            let outcome = await task.result
            watch.cancel()
            if case .failure(let error) = await watch.result, error is Stuck { return error }
            if case .failure(let error) = outcome { return error }
            return nil
        }
    }
}

extension AttemptPolicy {
    /// Gives up soon: what it gives up may as well be a machine that is busy.
    fileprivate static let chaotic = AttemptPolicy(
        attempts: 4, firstDelay: .milliseconds(1), longestDelay: .milliseconds(4), longestWait: .seconds(2),
        deadlines: Deadlines(
            connect: .seconds(5), firstByte: .milliseconds(250), slowest: 1000, slowFor: .milliseconds(200)))
    fileprivate static let patient = AttemptPolicy(
        attempts: 3, firstDelay: .milliseconds(10), longestDelay: .seconds(1), longestWait: .seconds(2))
}

extension Numbers {
    /// Another seed for each of a run's requests.
    fileprivate static func seed(_ seed: UInt64, _ attempt: Int, _ text: String) -> UInt64 {
        let start = seed ^ 0xCBF2_9CE4_8422_2325 &+ UInt64(attempt)
        return text.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
