import RegistryCatalog
package import RegistryCore

/// What the present tester, probes and bounds would change over everything served; tests it, where asked to.
package struct Retest: Verb {
    package static let name = "retest"
    /// One model, at once, whatever its verdict was made under; nil for everything served.
    package var repository: RepositoryID?
    package var revision: String?
    /// Tests what is missing now, instead of waiting for the background.
    package var now: Bool
    /// Lets the new verdicts take effect although they take most of what is served away.
    package var apply: Bool

    package init(repository: RepositoryID? = nil, revision: Revision? = nil, now: Bool = false, apply: Bool = false) {
        self.repository = repository
        self.revision = revision?.name
        self.now = now
        self.apply = apply
    }

    package struct Answer: Codable, Sendable {
        /// What is served, by name; for one model, that model.
        package let rows: [RetestRow]
        /// How many of `total` have a verdict under the present rules.
        package let tested: Int
        package let total: Int
        /// What differs between the rules that verdicts were made under and the present ones.
        package let changes: [String]
        /// What keeps re-tests from going on; nil where nothing does.
        package let trouble: RetestTrouble?
        /// Why verdicts that are there do not take effect by themselves; nil where nothing keeps them.
        package let brake: String?
        /// For one model: what came of it.
        package let model: ModelSummary?
        /// 3 where one model was re-tested and is not served now.
        package let exitCode: Int32
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        if let repository { return try await retest(repository, in: registry, report) }
        if now {
            registry.retests.forgetPostponed()
            do { try await registry.testUntested(isUrgent: true, report: report) } catch {
                if case OperationError.cannotTest = error {
                    registry.retests.note(RetestTrouble(message: Failure(error).message))
                }
                throw error
            }
        }
        if apply { try await registry.adoptTrials(isForced: true) }
        let plan = try await registry.retestPlan()
        return Answer(plan, registry.retests.trouble)
    }

    private func retest(
        _ repository: RepositoryID, in registry: Registry, _ report: @escaping Report
    ) async throws -> Answer {
        let snapshot = try await find(repository, in: registry)
        guard snapshot.revocation == nil else {
            throw OperationError.invalid("\(repository)@\(snapshot.commit.short) is revoked; a test changes nothing")
        }
        let files = try await registry.catalog.files(of: snapshot.id)
        guard snapshot.manifest != nil, try await registry.areHere(files) else {
            throw OperationError.notHere(repository, "its files are not all here")
        }
        let before = snapshot.evidence[.smokeTest]
        let job = try await registry.catalog.beginJob(testing: snapshot)
        let row = try await registry.perform(job, of: repository, report) { log in
            let examination = Examination(snapshot: snapshot, manifest: Manifest(files))
            let evidence = try await examination.smokeTest(in: registry, log)
            try Task.checkCancellation()
            try await registry.verdictTurn.hold {
                try await registry.catalog.append(evidence, to: snapshot.id)
                try await registry.catalog.dropTrial(of: snapshot.id)
                try await registry.decideAgain(find(repository, in: registry))
            }
            let decided = try await find(repository, in: registry)
            let row = RetestRow(of: decided, from: before, to: evidence)
            return (row, "re-tested: \(evidence.outcome.rawValue), \(evidence.summary)")
        }
        registry.retests.bell.ring()
        let now = try await find(repository, in: registry)
        let count = try await registry.catalog.pullCounts()[now.id] ?? PullCount()
        let summary = registry.summary(of: now, count)
        return Answer(
            rows: [row], tested: 1, total: 1, changes: [], trouble: nil, brake: nil, model: summary,
            exitCode: summary.state == .served ? 0 : 3)
    }

    private func find(_ repository: RepositoryID, in registry: Registry) async throws -> SnapshotRecord {
        let snapshot: SnapshotRecord?
        if let revision {
            snapshot = try await registry.catalog.snapshot(repository, Revision(revision))
        } else {
            snapshot = Registry.leading(try await registry.catalog.snapshots(of: repository))
        }
        guard let snapshot else { throw OperationError.unknownModel(repository) }
        return snapshot
    }
}

extension Retest.Answer {
    package init(_ plan: RetestPlan, _ trouble: RetestTrouble?) {
        self.init(
            rows: plan.rows, tested: plan.tested, total: plan.total, changes: plan.changes, trouble: trouble,
            brake: plan.brake, model: nil, exitCode: 0)
    }
}

extension RetestRow {
    /// A single model's, after its test took effect.
    fileprivate init(of snapshot: SnapshotRecord, from old: Evidence?, to new: Evidence) {
        repository = snapshot.repository
        commit = snapshot.commit
        state = .current
        verdict = old?.outcome ?? new.outcome
        identity = old?.test?.identity
        nextVerdict = new.outcome
        nextIdentity = new.test?.identity
        nextState = canServe(snapshot)?.state ?? .served
        let from = old.map { "\($0.outcome.rawValue) -> " } ?? ""
        change = old?.outcome == new.outcome ? "stays \(new.outcome.rawValue)" : "\(from)\(new.outcome.rawValue)"
    }
}

extension Retest.Answer {
    /// Where the change of rules stands, in a sentence.
    package var summary: String {
        let waiting = rows.count { $0.state == .tested }
        if tested == total, waiting == 0 {
            return total == 1
                ? "the one served model was tested under the present rules"
                : "all \(total) served models were tested under the present rules"
        }
        if tested == total {
            return
                "all \(total) served models were tested under the present rules; \(waiting) of the new verdicts are not "
                + "in effect yet"
        }
        return "\(tested) of \(total) served models have a verdict under the present rules; all are served under the "
            + "verdict they have until the last one has a new one, then all new ones take effect together"
    }
}
