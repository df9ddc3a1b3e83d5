import ArgumentParser
import Foundation
import HostileHub
import RegistryCore
import RegistryOperations
import Synchronization

struct BenchChaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Fetch from an upstream that misbehaves at random, and see whether ever a wrong byte is published.",
        discussion: """
            Each run fetches one file of up to 24 MiB in pieces into a real store, while answers are reset, cut, stalled, \
            delayed, refused, spoilt or exchanged, and the fetch itself is killed and begun again. After each fetch every \
            published blob is hashed by itself, and ingest/ is looked at; after each run a healthy upstream must give the \
            file. All of a run follows from its seed: a violation names it, and '--runs 1 --seed THAT' plays it again. \
            Exit code 1 where anything happened that must not.
            """)

    @Option(help: "How many.")
    var runs: Int = 1000

    @Option(help: "Of the first run; the others follow from it. By default a new one.")
    var seed: UInt64 = .random(in: 0...UInt64(UInt32.max))

    @Option(help: "Runs at a time; most of them wait for something.")
    var width: Int = 6

    @Option(help: "Where the stores are.", completion: .directory)
    var folder: String = FileManager.default.temporaryDirectory.path

    func validate() throws {
        guard (1...10_000_000).contains(runs), (1...64).contains(width) else {
            throw ValidationError("--runs takes 1 to 10000000, --width 1 to 64")
        }
    }

    func run() async throws {
        let place = folder + "/lapidary-chaos-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        Terminal.say("\(runs) runs, seed \(seed)")
        let began = ContinuousClock.now
        let progress = Progress()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<min(width, runs) {
                let storage = "\(place)/\(worker)"
                group.addTask { [seed, runs] in
                    let registry = try await Self.open(storage)
                    while true {
                        let number = progress.begin()
                        guard number < runs else { return }
                        let run = ChaosRun(seed: Self.seed(seed, number))
                        let outcome = try await run.perform(in: registry)
                        if progress.end(outcome, of: run) {
                            Terminal.say("run \(number), seed \(run.seed): \(outcome.violations)")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let result = progress.report
        for line in result.lines { print(line) }
        let seconds = Quantity.fixed((ContinuousClock.now - began) / .seconds(1), 1)
        print("seed \(seed), \(seconds) s")
        guard result.violations.isEmpty else {
            let seeds = result.violations.map(\.seed).prefix(5).map { "--runs 1 --seed \($0)" }
            throw Failure(
                message:
                    "\(result.violations.count) runs did what must never be; again: \(seeds.joined(separator: ", "))",
                exitCode: 1)
        }
    }

    /// The first run has the seed itself, so that any run can be the first.
    private static func seed(_ seed: UInt64, _ number: Int) -> UInt64 {
        guard number > 0 else { return seed }
        var numbers = Numbers(seed: seed &+ UInt64(number))
        return numbers.next()
    }

    private static func open(_ storage: String) async throws -> Registry {
        var settings = try RegistryOptions.parse(["--storage", storage]).resolve().registry
        settings.upstream = "http://127.0.0.1:9"
        return try await Registry.open(settings)
    }
}

/// Who does which run, and what came of them.
private final class Progress: Sendable {
    private let state = Mutex((next: 0, report: ChaosReport()))

    var report: ChaosReport { state.withLock(\.report) }

    func begin() -> Int {
        state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
    }

    /// - Returns: whether anything happened that must not.
    func end(_ outcome: ChaosRun.Outcome, of run: ChaosRun) -> Bool {
        state.withLock { $0.report.add(outcome, of: run) }
    }
}

/// What all runs came to.
struct ChaosReport: Sendable {
    private var endings: [String: Int] = [:]
    private var tricks: [ChaosTrick: Int] = [:]
    private var fetches = 0
    private var kills = 0
    private var runs = 0
    private(set) var violations: [(seed: UInt64, what: [String])] = []

    /// - Returns: whether anything happened that must not.
    mutating func add(_ outcome: ChaosRun.Outcome, of run: ChaosRun) -> Bool {
        runs += 1
        fetches += outcome.fetches
        kills += outcome.kills
        endings[outcome.ending, default: 0] += 1
        tricks.merge(outcome.tricks) { $0 + $1 }
        if !outcome.violations.isEmpty { violations.append((run.seed, outcome.violations)) }
        return !outcome.violations.isEmpty
    }

    var lines: [String] {
        func count(_ words: String) -> Int { violations.count { $0.what.contains { $0.hasPrefix(words) } } }
        var played = Table(head: ["TRICK", "PLAYED"])
        for (trick, count) in tricks.sorted(by: { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }) {
            played.rows.append([trick.rawValue, "\(count)"])
        }
        var ended = Table(head: ["ENDED WITH", "RUNS"])
        for (ending, count) in endings.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            ended.rows.append([ending, "\(count)"])
        }
        var sums = Table(head: ["SUM", ""])
        let wrong = count("wrong bytes") + violations.count { $0.what.contains { $0.contains("blobs published") } }
        sums.rows = [
            ["runs", "\(runs)"], ["fetches", "\(fetches)"], ["killed and begun again", "\(kills)"],
            ["wrong bytes published", "\(wrong)"], ["files left behind", "\(count("left behind"))"],
            ["hung", "\(count("hung"))"], ["violations in all", "\(violations.count)"],
        ]
        return played.lines + [""] + ended.lines + [""] + sums.lines
    }
}
