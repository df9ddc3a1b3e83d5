import Logging
import RegistryCatalog
import RegistryCore
import RegistryPolicy

/// Re-tests of what is served, when the tester, the probes, the bounds or the depth have changed.
///
/// What was tested under other rules stays served under the verdict it has. Each is tested under the present rules into
/// a trial; when all have one, all trials become evidence in one transaction. A restart goes on where it was; another
/// change makes the trials stale whose rules it touches, and only those.
extension Registry {
    package func retestPlan() async throws -> RetestPlan {
        let trials = try await catalog.trials()
        var candidates: [RetestPlan.Candidate] = []
        for snapshot in try await catalog.snapshots() where canServe(snapshot) == nil {
            guard let evidence = snapshot.evidence[.smokeTest] else { continue }
            let planned = plannedTest(of: snapshot.repository)?.identity
            var next: (trial: Trial, decision: Decision)?
            var isWhole = true
            if evidence.test?.identity != planned {
                isWhole = try await areHere(catalog.files(of: snapshot.id))
                if let trial = trials[snapshot.id], trial.identity == planned?.digest,
                    trial.evidence.manifest == snapshot.manifest
                {
                    next = (trial, try await decision(on: snapshot, under: trial.evidence))
                }
            }
            candidates.append(
                RetestPlan.Candidate(
                    snapshot: snapshot, evidence: evidence, planned: planned, isWhole: isWhole, next: next))
        }
        return RetestPlan(candidates)
    }

    private func decision(on snapshot: SnapshotRecord, under evidence: Evidence) async throws -> Decision {
        var dossier = try await dossier(of: snapshot)
        dossier.evidence[.smokeTest] = evidence
        return policy.decide(on: dossier)
    }

    /// Background work, until cancelled. Ends neither the server nor itself for anything that goes wrong.
    func keepTestsCurrent() async {
        await withTaskGroup(of: Void.self) { group in
            // What this machine could not do may work later; mirrors and revocations ring by themselves.
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(600))
                    self.retests.forgetPostponed()
                    self.retests.bell.ring()
                }
            }
            group.addTask {
                for await _ in self.retests.bell.rings { await self.retestInBackground() }
            }
            retests.bell.ring()
            await group.next()
            group.cancelAll()
        }
    }

    private func retestInBackground() async {
        do {
            try await testUntested(isUrgent: false) { _ in }
        } catch is CancellationError {
            return
        } catch {
            let message = Failure(error).message
            if retests.trouble?.message != message {
                Logger(label: "lapidary").error(
                    "re-tests stopped, everything stays served under the verdict it has; next attempt within 10 minutes: \(message)"
                )
            }
            retests.note(RetestTrouble(message: message))
        }
    }

    /// Tests what has no verdict under the present rules, one after the other, and lets the rules take effect when
    /// nothing is left.
    /// - Throws: ``OperationError/cannotTest(_:)`` and what the storage throws: the rest stays untested.
    func testUntested(isUrgent: Bool, report: @escaping Report) async throws {
        var hasMore = true
        while hasMore {
            // In its turn, so that mirrors which run or wait come first; not for the time of the test.
            if !isUrgent { try await mirrorTurn.rest() }
            // A turn for each model: whoever asks for a test now need not wait for a whole round in the background.
            hasMore = try await retestTurn.hold {
                let untested = try await retestPlan().untested
                guard let next = untested.first(where: { !retests.postponed.contains($0.snapshot.id) }) else {
                    return false
                }
                try await tryOut(next.snapshot, isUrgent: isUrgent, report)
                return true
            }
        }
        retests.note(nil)
        try await adoptTrials(isForced: false)
    }

    private func tryOut(_ snapshot: SnapshotRecord, isUrgent: Bool, _ report: @escaping Report) async throws {
        let manifest = Manifest(try await catalog.files(of: snapshot.id))
        let identity = plannedTest(of: snapshot.repository)?.identity.digest
        let job = try await catalog.beginJob(testing: snapshot)
        do {
            try await perform(job, of: snapshot.repository, report) { [self] log in
                let examination = Examination(snapshot: snapshot, manifest: manifest, isUrgent: isUrgent)
                let evidence = try await examination.smokeTest(in: self, log)
                try await catalog.keep(Trial(snapshot: snapshot.id, identity: identity, evidence: evidence))
                return ((), "re-tested: \(evidence.outcome.rawValue), \(evidence.summary)")
            }
        } catch OperationError.cancelled(let reason) {
            // The operator's word; a foreground round ends with it, a background one goes on with the next.
            retests.postpone(snapshot.id)
            if isUrgent { throw OperationError.cancelled(reason) }
        }
    }

    /// Lets all trials take effect, where everything has one.
    /// - Parameter isForced: also where the brake holds them.
    /// - Returns: false where something is still untested, nothing waits or the brake holds.
    @discardableResult
    func adoptTrials(isForced: Bool) async throws -> Bool {
        try await verdictTurn.hold { try await adoptInTurn(isForced: isForced) }
    }

    private func adoptInTurn(isForced: Bool) async throws -> Bool {
        let plan = try await retestPlan()
        guard plan.isReady else { return false }
        if let brake = plan.brake, !isForced {
            Logger(label: "lapidary").error("re-tests: \(brake)")
            return false
        }
        let adoptions = plan.waiting.compactMap { candidate in
            candidate.next.map { next in
                Adoption(
                    snapshot: candidate.snapshot, evidence: next.trial.evidence, decision: next.decision,
                    change: RetestRow.change(from: candidate.evidence, to: next.trial.evidence, next.decision))
            }
        }
        try await catalog.adopt(adoptions, actor: "re-test under policy \(policy.digest.hex.prefix(12))")
        for adoption in adoptions where adoption.decision.outcome != .admit {
            Logger(label: "lapidary").warning(
                "\(adoption.snapshot.repository)@\(adoption.snapshot.commit.short): \(adoption.change)")
        }
        return true
    }
}
