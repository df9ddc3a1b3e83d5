import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryStorage
import RegistryUpstream

/// The life of a model, in order: fetch, verify, inspect, smoke-test, decide, promote.
struct MirrorRun: Sendable {
    let order: Mirror
    let revision: Revision
    let log: JobLog
    let registry: Registry
    /// Where the files may lie on this machine already.
    var local: LocalSnapshot?

    private var repository: RepositoryID { order.repository }

    func run() async throws -> Mirror.Answer {
        let hub = registry.upstream.telling { wait in
            // The pause has begun; the row may say so a moment later.
            Task { await log.wait("\(wait)", until: wait.until) }
        }
        try await log.say("asking \(hub.endpoint) for \(repository)@\(revision)")
        let upstream = try await registry.identified(repository) { try await hub.revision(revision, of: repository) }
        let refs = revision.commit == nil ? Set(["main", revision.branchOrTag]).sorted() : ["main"]
        if let known = try await registry.catalog.snapshot(repository, Revision(upstream.commit.hex)),
            let answer = try await decidedBefore(known, refs)
        {
            return answer
        }

        let selection = Selection(
            try await hub.tree(of: repository, at: upstream.commit), allowed: registry.policy.formats)
        let subject = Subject(
            repository: repository, commit: upstream.commit, card: ModelCard(upstream), selection: selection)
        let screened = registry.policy.screen(subject.dossier)
        guard !screened.contains(where: { $0.effect == .refuse }) else {
            return try await refuse(subject, findings: screened, evidence: [])
        }

        let change = try await ContentChange(of: repository, to: upstream.commit, in: registry)
        if let change {
            for line in try await change.heads(of: selection.wanted, at: upstream.commit, hub) {
                try await log.say(line)
            }
        }
        let fetch = Fetch(
            repository: repository, commit: upstream.commit, files: selection.wanted, hub: hub, local: local)
        defer { fetch.claim.release() }
        let manifest: Manifest
        do {
            manifest = try await registry.mirrorTurn.hold {
                try await log.say(
                    "fetching \(selection.wanted.count) files of \(repository)@\(upstream.commit.short), "
                        + Quantity.bytes(subject.dossier.totalSize))
                return try await log.followingFetch { try await fetch.run(in: registry, report: $0) }
            }
        } catch let error as StorageError {
            guard case .mismatch = error else { throw error }
            let evidence = Evidence(
                kind: .verification, outcome: .failed, manifest: nil, producer: registry.testerBuild,
                summary: "\(error)")
            let finding = Finding(rule: "verification", effect: .refuse, message: "\(error)")
            return try await refuse(subject, findings: [finding], evidence: [evidence])
        }

        let record = try await registry.catalog.record(
            repository, commit: upstream.commit, upstream: hub.endpoint, card: subject.card,
            leftOut: selection.leftOut, manifest: manifest, evidence: [fetch.evidence(of: manifest, registry)])
        fetch.claim.release()
        if let change {
            let lines = try await change.summary(of: manifest)
            try await registry.catalog.record(change: lines, in: record.id, since: change.from.commit)
            for line in lines { log.report(.message("since \(change.from.commit.short): \(line)")) }
        }
        return try await examine(record, manifest, refs)
    }

    /// Inspection, smoke test, decision.
    func examine(_ record: SnapshotRecord, _ manifest: Manifest, _ refs: [String]) async throws -> Mirror.Answer {
        let examination = Examination(snapshot: record, manifest: manifest)
        for evidence in try await examination.run(in: registry, log) {
            try await registry.catalog.append(evidence, to: record.id)
        }
        try await log.say("deciding")
        try await decide(reload(record), refs)
        return try await answer(reload(record), wasHere: false)
    }

    /// What was decided under the rules of today needs no second look: the same bytes would get the same answer. What
    /// is served needs none while its blobs are here, and what is revoked gets none.
    private func decidedBefore(_ known: SnapshotRecord, _ refs: [String]) async throws -> Mirror.Answer? {
        guard known.revocation == nil else { return answer(known, wasHere: true) }
        guard !order.again, try await registry.isDecided(known) else { return nil }
        guard known.manifest != nil, known.decision?.outcome != .refuse else { return answer(known, wasHere: true) }
        try await decide(known, refs)
        return try await answer(reload(known), wasHere: true)
    }

    private func decide(_ snapshot: SnapshotRecord, _ refs: [String]) async throws {
        let main = try await registry.catalog.snapshot(repository, .main)
        guard order.promotion == .ifNew, let main, main.id != snapshot.id else {
            return try await registry.decide(snapshot, promoting: refs)
        }
        let words =
            try await registry.catalog.change(in: snapshot.id).map { change in
                let lines = change.lines.isEmpty ? ["every file is the same"] : change.lines
                return " (\(lines.prefix(4).joined(separator: "; "))\(lines.count > 4 ? "; …" : ""))"
            } ?? ""
        let finding = Finding(
            rule: Finding.changed, effect: .hold,
            message:
                "upstream has moved from \(main.commit.short) to \(snapshot.commit.short)\(words); main stays what "
                + "it is here until somebody says 'lapidary mirror \(repository)'")
        try await registry.decide(snapshot, promoting: [], adding: [finding])
    }

    /// Records a refusal of bytes that are not here.
    private func refuse(
        _ subject: Subject, findings: [Finding], evidence: [Evidence]
    ) async throws -> Mirror.Answer {
        let record = try await registry.catalog.record(
            repository, commit: subject.commit, upstream: registry.upstream.endpoint, card: subject.card,
            leftOut: subject.selection.leftOut, manifest: nil, evidence: evidence)
        let decision = Decision(findings: findings, policy: registry.policy.digest, manifest: nil)
        try await registry.catalog.decide(decision, on: record, promoting: [])
        return try await answer(reload(record), wasHere: false)
    }

    private func reload(_ record: SnapshotRecord) async throws -> SnapshotRecord {
        try await registry.catalog.snapshot(repository, Revision(record.commit.hex)) ?? record
    }

    private func answer(_ snapshot: SnapshotRecord, wasHere: Bool) -> Mirror.Answer {
        let obstacle = canServe(snapshot)
        return Mirror.Answer(
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
