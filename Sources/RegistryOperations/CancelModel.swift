package import RegistryCatalog
package import RegistryCore

/// Ends what runs or waits for a model here: its mirroring or its re-test. What was served stays served, and the same
/// command can be given again.
package struct CancelModel: Verb {
    package static let name = "cancel"
    package var repository: RepositoryID

    package init(repository: RepositoryID) { self.repository = repository }

    /// Answers when the work has ended and its child is gone.
    /// - Returns: the jobs as they ended.
    package func perform(in registry: Registry, report: @escaping Report) async throws -> [Job] {
        let reason = "cancelled by the operator"
        let running = await registry.running.cancel(repository, reason: reason)
        let cancelled = try await running + registry.catalog.cancelQueuedJobs(of: repository, reason: reason)
        guard !cancelled.isEmpty else {
            let isKnown = try await registry.catalog.latestJob(of: repository) != nil
            let snapshots = try await registry.catalog.snapshots(of: repository)
            throw isKnown || !snapshots.isEmpty
                ? OperationError.nothingToCancel(repository) : OperationError.unknownModel(repository)
        }
        return try await registry.catalog.jobs(cancelled)
    }
}
