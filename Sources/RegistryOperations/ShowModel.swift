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
        let job = try await registry.catalog.latestJob(of: repository)
        var summary = registry.summary(of: shown, count)
        summary.activity = job?.activity ?? ""
        if summary.activity.isEmpty {
            let attention = try await registry.catalog.origin(of: repository)?.attention
            summary.activity = Registry.waiting(snapshots, attention)
        }
        let all = try await registry.catalog.snapshots()
        let verdicts = try await registry.catalog.evidence(.smokeTest, of: shown.id)
        return ModelDetail(
            summary: summary, refs: shown.refs, manifest: shown.manifest,
            upstream: shown.upstream, files: try await registry.catalog.files(of: shown.id),
            blobs: try await registry.catalog.blobs(of: shown.id), pin: shown.pin, leftOut: shown.leftOut,
            evidence: Evidence.Kind.allCases.compactMap { shown.evidence[$0] }, decision: shown.decision,
            revocation: shown.revocation, pulls: try await registry.catalog.pulls(of: [shown.id]),
            deployments: try await registry.inventory().filter { $0.snapshot == shown.id },
            otherSnapshots: snapshots.filter { $0.id != shown.id }.map {
                OtherSnapshot(commit: $0.commit, state: canServe($0)?.state ?? .served, createdAt: $0.createdAt)
            },
            job: job, earlierVerdicts: verdicts.dropFirst().prefix(100).map(EarlierVerdict.init),
            retest: try await registry.retestPlan().rows.first {
                $0.repository == repository && $0.commit == shown.commit
            }, relatives: Self.relatives(of: shown, among: all))
    }

    /// Bases, siblings and variants by what the cards claim; at most 50.
    private static func relatives(of shown: SnapshotRecord, among all: [SnapshotRecord]) -> [RepositoryID] {
        let bases = Set(shown.card.baseModels)
        let related = all.filter { other in
            let name = other.repository.description
            return other.repository != shown.repository
                && (bases.contains(name) || other.card.baseModels.contains(shown.repository.description)
                    || !bases.isDisjoint(with: other.card.baseModels))
        }
        return Array(Set(related.map(\.repository)).sorted().prefix(50))
    }
}

package struct ModelDetail: Codable, Sendable {
    package let summary: ModelSummary
    package let refs: [String]
    package let manifest: SHA256Digest?
    package let upstream: String
    package let files: [FileEntry]
    /// What is known of the files' bytes here.
    package let blobs: [BlobRecord]
    package let pin: Pin?
    package let leftOut: [LeftOutFile]
    package let evidence: [Evidence]
    package let decision: Decision?
    package let revocation: Revocation?
    package let pulls: [Pull]
    package let deployments: [InventoryRow]
    package let otherSnapshots: [OtherSnapshot]
    /// The newest job of the repository.
    package let job: Job?
    /// Smoke tests of this snapshot before the one in ``evidence``, newest first, at most 100.
    package let earlierVerdicts: [EarlierVerdict]
    /// Where it stands on the way to the present rules of testing; nil where it is not served.
    package let retest: RetestRow?
    /// Models here that it descends from, that descend from it, or that share a base with it; as cards claim.
    package let relatives: [RepositoryID]
}

extension ModelDetail {
    /// When the bytes of each digest were hashed here last, or what has become of them; in words.
    package var lastVerified: [SHA256Digest: String] {
        Dictionary(
            blobs.map { blob in
                let state = blob.damage.map { "damaged since \($0.foundAt.minutes)" } ?? blob.lastVerifiedAt.minutes
                return (blob.digest, blob.removedAt == nil ? state : "not kept")
            }
        ) { first, _ in first }
    }
}

/// A smoke test whose verdict another has replaced.
package struct EarlierVerdict: Codable, Sendable {
    package let outcome: Evidence.Outcome
    package let summary: String
    package let producer: String
    package let identity: TestIdentity?
    package let madeAt: Timestamp

    init(_ evidence: Evidence) {
        outcome = evidence.outcome
        summary = evidence.summary
        producer = evidence.producer
        identity = evidence.test?.identity
        madeAt = evidence.madeAt
    }
}

package struct OtherSnapshot: Codable, Sendable {
    package let commit: CommitID
    package let state: ModelState
    package let createdAt: Timestamp
}
