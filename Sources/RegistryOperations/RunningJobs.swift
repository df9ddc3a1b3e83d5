import RegistryCatalog
import RegistryCore
import Synchronization

/// The jobs of this process that run or wait, so that they can be cancelled.
final class RunningJobs: Sendable {
    private struct Entry {
        let repository: RepositoryID
        let cancel: @Sendable () -> Void
        /// Returns when the job has ended and its child is gone.
        let end: @Sendable () async -> Void
        var reason: String?
    }

    private let entries = Mutex<[Int64: Entry]>([:])

    func add<Value: Sendable>(_ job: Int64, of repository: RepositoryID, _ task: Task<Value, any Error>) {
        let entry = Entry(repository: repository, cancel: { task.cancel() }, end: { _ = await task.result })
        entries.withLock { $0[job] = entry }
    }

    func contains(_ job: Int64) -> Bool { entries.withLock { $0[job] != nil } }

    var ids: Set<Int64> { entries.withLock { Set($0.keys) } }

    func remove(_ job: Int64) { entries.withLock { _ = $0.removeValue(forKey: job) } }

    /// Why somebody cancelled the job; nil where nobody did.
    func cancellation(of job: Int64) -> String? { entries.withLock { $0[job]?.reason } }

    /// Cancels every job of a repository, and waits until they have ended.
    /// - Returns: the jobs that were cancelled.
    func cancel(_ repository: RepositoryID, reason: String) async -> [Int64] {
        let found = entries.withLock { entries in
            for (job, entry) in entries where entry.repository == repository && entry.reason == nil {
                entries[job]?.reason = reason
            }
            return entries.filter { $0.value.repository == repository }
        }
        for entry in found.values { entry.cancel() }
        for entry in found.values { await entry.end() }
        return found.keys.sorted()
    }
}

extension Registry {
    /// Runs a job whose row exists: it can be cancelled, and its row says how it ended.
    /// - Parameters:
    ///   - retries: what may pass leaves the row waiting for its next attempt.
    ///   - body: gives the value, and the words for the row; none where nothing came of it that is worth a row.
    func perform<Value: Sendable>(
        _ job: Int64, of repository: RepositoryID, retries: Bool = false, _ report: @escaping Report,
        _ body: @escaping @Sendable (JobLog) async throws -> (value: Value, words: String?)
    ) async throws -> Value {
        let log = JobLog(job: job, catalog: catalog, report: report)
        // The row is written inside the task: who waits for its end finds there how it ended.
        let task = Task { [running, catalog] in
            let attempt = try await catalog.beginAttempt(job)
            do {
                let done = try await body(log)
                if let words = done.words {
                    try await catalog.updateJob(job, to: .done, words)
                } else {
                    try await catalog.forget(job)
                }
                return done.value
            } catch {
                let reason = running.cancellation(of: job)
                let isCancelled = reason != nil || error is CancellationError
                let message = reason ?? Failure(error).message
                if retries, !isCancelled, let delay = Retry.delay(after: error, attempt: attempt) {
                    let moment = Timestamp.from(now: delay)
                    try? await catalog.updateJob(
                        job, to: .waiting, "attempt \(attempt + 1) at \(moment.clock): \(message)", waitUntil: moment)
                } else if retries, reason == nil, error is CancellationError {
                    // The server stops; the next one goes on.
                    try? await catalog.updateJob(job, to: .queued, "interrupted: a server takes it up again")
                } else {
                    try? await catalog.updateJob(job, to: isCancelled ? .cancelled : .failed, message)
                }
                throw reason.map(OperationError.cancelled) ?? error
            }
        }
        running.add(job, of: repository, task)
        defer { running.remove(job) }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }
}
