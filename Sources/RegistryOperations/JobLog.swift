import RegistryCatalog
import RegistryCore
import SmokeTesting

/// What a job says while it runs: to its row in the catalogue, and to whoever waits for it.
struct JobLog: Sendable {
    let job: Int64
    let catalog: Catalog
    let report: Report

    /// - Throws: `CancellationError` where the job was cancelled.
    func say(_ message: String) async throws {
        try Task.checkCancellation()
        try await catalog.updateJob(job, to: .running, message)
        report(.message(message))
    }

    /// Says that the job waits, until when it is known.
    func wait(_ message: String, until moment: Timestamp?) async {
        report(.message(message))
        // A row that cannot be written now is no reason to stop.
        try? await catalog.updateJob(job, to: .waiting, message, waitUntil: moment)
    }

    /// Runs a fetch that tells of its files, from any thread, as often as it likes; the row has their sum once a second,
    /// and at the end what was fetched in which time.
    func followingFetch<Value: Sendable>(_ body: (@escaping Report) async throws -> Value) async throws -> Value {
        let tally = FetchTally()
        let steps = Bell()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in steps.rings {
                    let now = tally.now
                    try? await catalog.updateJob(job, received: now.received, of: now.total, now.text)
                    try await Task.sleep(for: .seconds(1))
                }
            }
            defer {
                steps.finish()
                group.cancelAll()
            }
            let value = try await body { step in
                tally.take(step)
                report(step)
                steps.ring()
            }
            let end = tally.now
            try? await catalog.updateJob(job, received: end.received, of: end.total, end.text)
            try? await catalog.note(fetched: end.received, in: end.seconds, by: job)
            return value
        }
    }

    /// Runs a test that tells of its progress, from any thread, as often as it likes; the row has it once a second.
    func followingTest<Value: Sendable>(
        _ body: (_ progress: @escaping @Sendable (SmokeTestProgress) -> Void) async throws -> Value
    ) async throws -> Value {
        let (steps, feed) = AsyncStream<TestProgress>.makeStream(bufferingPolicy: .bufferingNewest(1))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await step in steps {
                    // A row that cannot be written now is no reason to stop the test.
                    try? await catalog.updateJob(job, to: .running, step.text)
                    report(.testing(step))
                    try await Task.sleep(for: .seconds(1))
                }
            }
            defer {
                feed.finish()
                group.cancelAll()
            }
            return try await body { feed.yield(TestProgress(check: $0.check.rawValue, part: $0.done)) }
        }
    }
}

/// How far a running smoke test is.
package struct TestProgress: Codable, Equatable, Sendable {
    package let check: String
    /// Of this check, 0 to 1.
    package let part: Double

    package init(check: String, part: Double) {
        self.check = check.printable
        self.part = part.isFinite ? min(1, max(0, part)) : 0
    }

    /// `testing: no-nan-or-inf 43 %`
    package var text: String { "testing: \(check) \(Int(min(1, max(0, part)) * 100)) %" }
}
