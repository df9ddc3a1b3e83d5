import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryStorage
import RegistryUpstream

/// The life of a model, in order: fetch, verify, inspect, smoke-test, decide, promote.
///
/// Answers when the verdict stands. What upstream or this machine cannot deliver is an error, and leaves nothing but
/// the job's row and resumable parts; bytes that do not match what upstream announced are recorded as a refusal.
package struct Mirror: Verb {
    package static let name = "mirror"
    package var repository: RepositoryID
    /// A branch, tag or commit on upstream; resolved to a commit once.
    package var revision: String

    package init(repository: RepositoryID, revision: Revision) {
        self.repository = repository
        self.revision = revision.name
    }

    package struct Answer: Codable, Sendable {
        package let repository: RepositoryID
        package let commit: CommitID
        package let state: ModelState
        /// The rule and message that keep it from being served; empty where it is served.
        package let rule: String
        package let reason: String
        /// True where everything was here and decided before.
        package let wasHere: Bool
        package let files: Int
        package let size: Int64
        package let evidence: [Evidence]
        package let findings: [Finding]
        /// 0 served, 3 held or refused, 4 the bytes did not match.
        package let exitCode: Int32
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        let revision = try Revision(revision)
        let job = try await registry.catalog.beginJob(mirroring: repository, at: revision)
        let answer = try await registry.perform(job, of: repository, report) { log in
            let answer = try await registry.mirrorTurn.hold {
                try await mirror(revision, in: registry, log)
            }
            return (answer, "\(answer.commit.short) is \(answer.state.rawValue)")
        }
        registry.retests.ring()
        return answer
    }

    private func mirror(_ revision: Revision, in registry: Registry, _ log: JobLog) async throws -> Answer {
        try await log.say("asking \(registry.upstream.endpoint) for \(repository)@\(revision)")
        let upstream = try await registry.upstream.revision(revision, of: repository)
        let refs = revision.commit == nil ? Set(["main", revision.branchOrTag]).sorted() : ["main"]
        if let known = try await registry.catalog.snapshot(repository, Revision(upstream.commit.hex)),
            let answer = try await alreadyDecided(known, refs, in: registry)
        {
            return answer
        }

        let selection = Selection(
            try await registry.upstream.tree(of: repository, at: upstream.commit), allowed: registry.policy.formats)
        let snapshot = Subject(
            repository: repository, commit: upstream.commit, card: ModelCard(upstream), selection: selection)
        let screened = registry.policy.screen(snapshot.dossier)
        guard !screened.contains(where: { $0.effect == .refuse }) else {
            return try await refuse(snapshot, findings: screened, evidence: [], in: registry)
        }

        let fetch = Fetch(repository: repository, commit: upstream.commit, files: selection.wanted)
        defer { fetch.claim.release() }
        let manifest: Manifest
        do {
            try await log.say(
                "fetching \(selection.wanted.count) files of \(repository)@\(upstream.commit.short), "
                    + Quantity.bytes(snapshot.dossier.totalSize))
            manifest = try await fetch.run(in: registry, report: log.report)
        } catch let error as StorageError {
            guard case .mismatch = error else { throw error }
            let evidence = Evidence(
                kind: .verification, outcome: .failed, manifest: nil, producer: registry.testerBuild,
                summary: "\(error)")
            let finding = Finding(rule: "verification", effect: .refuse, message: "\(error)")
            return try await refuse(snapshot, findings: [finding], evidence: [evidence], in: registry)
        }

        var record = try await registry.catalog.record(
            repository, commit: upstream.commit, upstream: registry.upstream.endpoint, card: snapshot.card,
            leftOut: selection.leftOut, manifest: manifest, evidence: [fetch.evidence(of: manifest, registry)])
        let examination = Examination(snapshot: record, manifest: manifest)
        for evidence in try await examination.run(in: registry, log) {
            try await registry.catalog.append(evidence, to: record.id)
        }
        record = try await reload(record, registry)
        try await log.say("deciding")
        try await registry.decide(record, promoting: refs)
        return try await answer(reload(record, registry), wasHere: false)
    }

    /// What is served needs no second look while its blobs are here, and what is revoked gets none. Everything else is
    /// looked at again: whoever repeats the command hopes that something has changed.
    private func alreadyDecided(
        _ known: SnapshotRecord, _ refs: [String], in registry: Registry
    ) async throws -> Answer? {
        guard let obstacle = canServe(known) else {
            let files = try await registry.catalog.files(of: known.id)
            let isWhole = try await blocking { files.allSatisfy { registry.blobs.size(of: $0.digest) == $0.size } }
            guard isWhole else { return nil }
            try await registry.decide(known, promoting: refs)
            return try await answer(reload(known, registry), wasHere: true)
        }
        guard obstacle.state == .revoked else { return nil }
        return answer(known, wasHere: true)
    }

    /// Records a refusal of bytes that are not here.
    private func refuse(
        _ subject: Subject, findings: [Finding], evidence: [Evidence], in registry: Registry
    ) async throws -> Answer {
        let record = try await registry.catalog.record(
            repository, commit: subject.commit, upstream: registry.upstream.endpoint, card: subject.card,
            leftOut: subject.selection.leftOut, manifest: nil, evidence: evidence)
        let decision = Decision(findings: findings, policy: registry.policy.digest, manifest: nil)
        try await registry.catalog.decide(decision, on: record, promoting: [])
        return try await answer(reload(record, registry), wasHere: false)
    }

    private func reload(_ record: SnapshotRecord, _ registry: Registry) async throws -> SnapshotRecord {
        try await registry.catalog.snapshot(repository, Revision(record.commit.hex)) ?? record
    }

    private func answer(_ snapshot: SnapshotRecord, wasHere: Bool) -> Answer {
        let obstacle = canServe(snapshot)
        return Answer(
            repository: repository, commit: snapshot.commit, state: obstacle?.state ?? .served,
            rule: obstacle?.rule ?? "", reason: obstacle?.message ?? "", wasHere: wasHere, files: snapshot.fileCount,
            size: snapshot.totalSize, evidence: Evidence.Kind.allCases.compactMap { snapshot.evidence[$0] },
            findings: snapshot.decision?.findings ?? [],
            exitCode: obstacle == nil ? 0 : obstacle?.rule == "verification" ? 4 : 3)
    }
}

/// A commit that is being mirrored, before it is a snapshot.
private struct Subject {
    let repository: RepositoryID
    let commit: CommitID
    let card: ModelCard
    let selection: Selection

    var dossier: Dossier {
        Dossier(
            repository: repository, licence: card.licence,
            totalSize: selection.wanted.reduce(0) { $0.addingReportingOverflow($1.size).partialValue },
            weights: selection.weights, others: selection.leftOut)
    }
}

extension ModelCard {
    fileprivate init(_ upstream: UpstreamRevision) {
        self.init(
            licence: upstream.card.licence, baseModels: upstream.card.baseModels, relation: upstream.card.relation,
            tags: upstream.tags)
    }
}
