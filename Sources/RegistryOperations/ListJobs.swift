package import RegistryCatalog
package import RegistryCore

/// What runs, waits and has ended here: jobs that mirror, test again or import.
package struct ListJobs: Verb {
    package static let name = "jobs"
    package var repository: RepositoryID?
    /// How many of those that have ended.
    package var ended: Int

    package init(of repository: RepositoryID? = nil, ended: Int = 20) {
        self.repository = repository
        self.ended = ended
    }

    /// - Returns: those that run, that wait and that are queued, each oldest first, then those that have ended, newest
    ///   first.
    package func perform(in registry: Registry, report: @escaping Report) async throws -> [Job] {
        let active = try await registry.catalog.activeJobs().filter { repository == nil || $0.repository == repository }
        let ended = try await registry.catalog.endedJobs(of: repository, limit: min(max(ended, 0), 10_000))
        return active.filter { $0.state == .running } + active.filter { $0.state == .waiting }
            + active.filter { $0.state == .queued } + ended
    }
}

/// Leaves a mirroring to the server: the one that runs, or the next that starts.
package struct QueueMirror: Verb {
    package static let name = "queue"
    package var repository: RepositoryID
    package var revision: String

    package init(repository: RepositoryID, revision: Revision) {
        self.repository = repository
        self.revision = revision.name
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Job {
        let order = Mirror(repository: repository, revision: try Revision(revision))
        let running = try await registry.catalog.latestJob(of: repository, .mirror)
        if registry.mirrors.isUnderWay(order), let running, running.isActive { return running }
        let job = try await registry.catalog.beginJob(
            mirroring: repository, at: Revision(revision), besides: registry.running.ids)
        registry.queue.bell.ring()
        guard let row = try await registry.catalog.jobs([job]).first else {
            throw OperationError.unknownModel(repository)
        }
        return row
    }
}
