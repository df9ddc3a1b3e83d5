package import RegistryCatalog
package import RegistryCore

/// Every repository that is known here, one line each.
package struct ListModels: Verb {
    package static let name = "list"

    package init() {}

    package func perform(in registry: Registry, report: @escaping Report) async throws -> [ModelSummary] {
        try await registry.summaries()
    }
}

/// A repository at the snapshot that matters: what `main` means, else the newest.
package struct ModelSummary: Codable, Sendable {
    package let repository: RepositoryID
    /// Nil while nothing but a job is known.
    package let commit: CommitID?
    package let state: ModelState
    /// Why it is not served; empty where it is.
    package let reason: String
    package let licence: String?
    package let baseModels: [String]
    package let relation: String?
    /// The smoke test's outcome, or `-`.
    package let verdict: String
    /// Bytes.
    package let size: Int64
    package let files: Int
    package let pulls: PullCount
    package let updatedAt: Timestamp
    /// What is being done with it right now, e.g. `testing: no-nan-or-inf 43 %`, else what waits for a person; empty
    /// where nothing does.
    package var activity = ""
}

extension Registry {
    package func summaries() async throws -> [ModelSummary] {
        let counts = try await catalog.pullCounts()
        let byRepository = Dictionary(grouping: try await catalog.snapshots(), by: \.repository)
        let served = byRepository.values.compactMap(Self.leading)
        var summaries = served.map { summary(of: $0, counts[$0.id] ?? PullCount()) }
        // A job in hand says more than what became of the last one, unless that is being served.
        for job in try await catalog.activeJobs() {
            let place = summaries.firstIndex { $0.repository == job.repository }
            if let place, job.kind == .retest || summaries[place].state == .served {
                summaries[place].activity = job.activity
                continue
            }
            summaries.removeAll { $0.repository == job.repository }
            summaries.append(ModelSummary(preparing: job))
        }
        let attentions = try await catalog.attentions()
        for place in summaries.indices where summaries[place].activity.isEmpty {
            let repository = summaries[place].repository
            summaries[place].activity = Self.waiting(byRepository[repository] ?? [], attentions[repository])
        }
        return summaries.sorted { $0.repository < $1.repository }
    }

    /// What a person should look at beside the snapshot that stands for its repository; empty for nothing.
    static func waiting(_ snapshots: [SnapshotRecord], _ attention: String?) -> String {
        if let attention { return "needs a person: \(attention)" }
        guard let leading = leading(snapshots), let newest = snapshots.first, newest.id > leading.id,
            let decision = newest.decision, decision.outcome == .hold, newest.expiry == nil, newest.revocation == nil
        else { return "" }
        let words = decision.reason.map { "by \($0.rule): \($0.message)" } ?? ""
        return "\(newest.commit.short) is held \(words)"
    }

    /// The snapshot that stands for its repository.
    static func leading(_ snapshots: [SnapshotRecord]) -> SnapshotRecord? {
        snapshots.first { $0.refs.contains("main") } ?? snapshots.first
    }

    func summary(of snapshot: SnapshotRecord, _ count: PullCount) -> ModelSummary {
        let obstacle = canServe(snapshot)
        return ModelSummary(
            repository: snapshot.repository, commit: snapshot.commit, state: obstacle?.state ?? .served,
            reason: obstacle.map { "\($0.rule): \($0.message)" } ?? "", licence: snapshot.card.licence,
            baseModels: snapshot.card.baseModels, relation: snapshot.card.relation,
            verdict: snapshot.evidence[.smokeTest]?.outcome.rawValue ?? "-", size: snapshot.totalSize,
            files: snapshot.fileCount, pulls: count, updatedAt: snapshot.promotedAt ?? snapshot.createdAt)
    }
}

extension ModelSummary {
    fileprivate init(preparing job: Job) {
        self.init(
            repository: job.repository, commit: nil, state: .preparing, reason: job.message, licence: nil,
            baseModels: [], relation: nil, verdict: "-", size: 0, files: 0, pulls: PullCount(),
            updatedAt: job.updatedAt)
    }
}

extension Job {
    /// What it does, for people; empty where it has ended.
    package var activity: String {
        guard isActive else { return "" }
        if state == .waiting, kind == .mirror { return "waiting: \(message)" }
        return kind == .retest ? "re-test: \(message)" : message
    }
}
