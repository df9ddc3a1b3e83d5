import Logging
import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryStorage

/// What a server does for its store by itself: scrubbing a little at a time, fetching again what went bad, and letting
/// go of garbage once a day.
extension Registry {
    /// Bytes a second that scrubbing in the background reads at most.
    private static let backgroundRate: Int64 = 50_000_000
    private static let day: Int64 = 86_400
    /// For which rows of jobs are kept.
    private static let jobDays: Int64 = 90

    /// Background work, until cancelled. Ends neither the server nor itself for anything that goes wrong.
    func keepStoreClean() async {
        let pace = ReadPace(bytesPerSecond: Self.backgroundRate)
        await withTaskCancellationHandler {
            var lastTrouble = ""
            var collectedAt = ContinuousClock.now - .seconds(Self.day) + .seconds(600)
            while !Task.isCancelled {
                do {
                    try await repairDamaged(after: 3600)
                    let run = try await scrubDue(pace)
                    for finding in run.findings {
                        Logger(label: "lapidary").error(
                            "scrub: \(finding.files.first ?? "\(finding.digest)"): \(finding.problem); \(finding.outcome)"
                        )
                    }
                    if let stopped = run.stopped { throw OperationError.invalid(stopped) }
                    if ContinuousClock.now - collectedAt > .seconds(Self.day) {
                        _ = try await CollectGarbage().perform(in: self) { _ in }
                        try await catalog.forgetJobs(endedBefore: .from(now: .seconds(-Self.jobDays * Self.day)))
                        collectedAt = .now
                    }
                    lastTrouble = ""
                } catch is CancellationError {
                    return
                } catch {
                    let message = Failure(error).message
                    if message != lastTrouble { Logger(label: "lapidary").error("store: \(message)") }
                    lastTrouble = message
                }
                try? await Task.sleep(for: .seconds(600))
            }
        } onCancel: {
            pace.cancel()
        }
    }

    /// Hashes what the policy says is due, the longest unverified first.
    ///
    /// Each blob has a period of its own between half and all of the policy's days, by its digest: what came in on one
    /// day is not all due on another.
    func scrubDue(_ pace: ReadPace) async throws -> ScrubRun {
        guard let days = policy.retention.scrubDays else { return ScrubRun() }
        let period = Int64(days) * Self.day
        let due = try await catalog.keptBlobs().filter { blob in
            blob.damage == nil
                && blob.lastVerifiedAt.secondsAgo >= period / 2 + Int64(blob.digest.spread % UInt64(period / 2))
        }
        return try await scrubTurn.hold {
            try await scrub(due, pace: pace) { _ in }
        }
    }
}
