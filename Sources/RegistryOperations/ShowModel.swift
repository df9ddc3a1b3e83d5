package import RegistryCatalog
package import RegistryCore

/// Everything that is known of one model.
package struct ShowModel: Verb {
    package static let name = "show"
    package var repository: RepositoryID
    /// Nil for what `main` means here, else the newest.
    package var revision: String?

    package init(repository: RepositoryID, revision: Revision?) {
        self.repository = repository
        self.revision = revision?.name
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> ModelDetail {
        let snapshots = try await registry.catalog.snapshots(of: repository)
        var shown = Registry.leading(snapshots)
        if let revision { shown = try await registry.catalog.snapshot(repository, Revision(revision)) }
        guard let shown else { throw OperationError.unknownModel(repository) }
        let count = try await registry.catalog.pullCounts()[shown.id] ?? PullCount()
        return ModelDetail(
            summary: registry.summary(of: shown, count), refs: shown.refs, manifest: shown.manifest,
            upstream: shown.upstream, files: try await registry.catalog.files(of: shown.id), leftOut: shown.leftOut,
            evidence: Evidence.Kind.allCases.compactMap { shown.evidence[$0] }, decision: shown.decision,
            revocation: shown.revocation, pulls: try await registry.catalog.pulls(of: [shown.id]),
            deployments: try await registry.inventory().filter { $0.snapshot == shown.id },
            otherSnapshots: snapshots.filter { $0.id != shown.id }.map {
                OtherSnapshot(commit: $0.commit, state: canServe($0)?.state ?? .served, createdAt: $0.createdAt)
            },
            job: try await registry.catalog.latestJob(of: repository))
    }
}

package struct ModelDetail: Codable, Sendable {
    package let summary: ModelSummary
    package let refs: [String]
    package let manifest: SHA256Digest?
    package let upstream: String
    package let files: [FileEntry]
    package let leftOut: [LeftOutFile]
    package let evidence: [Evidence]
    package let decision: Decision?
    package let revocation: Revocation?
    package let pulls: [Pull]
    package let deployments: [InventoryRow]
    package let otherSnapshots: [OtherSnapshot]
    /// The newest job of the repository.
    package let job: Job?
}

package struct OtherSnapshot: Codable, Sendable {
    package let commit: CommitID
    package let state: ModelState
    package let createdAt: Timestamp
}
