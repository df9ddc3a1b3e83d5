import RegistryCatalog
import RegistryCore
import RegistryPolicy

extension Registry {
    /// Whether a mirroring of this snapshot would come to what stands already, without fetching or testing anything.
    func isDecided(_ known: SnapshotRecord) async throws -> Bool {
        guard known.revocation == nil else { return true }
        // One that was let go of is brought in anew, also while its bytes still lie there: its row has to say so.
        guard known.expiry == nil, let decision = known.decision else { return false }
        guard canServe(known) == nil || isUnderPresentRules(known, decision) else { return false }
        // Imported when upstream could not be asked: now it can.
        guard known.evidence[.verification]?.outcome != .warned else { return false }
        guard known.manifest != nil, decision.outcome != .refuse else { return true }
        return try await areHere(catalog.files(of: known.id))
    }

    /// Whether policy and tester would say the same again.
    private func isUnderPresentRules(_ known: SnapshotRecord, _ decision: Decision) -> Bool {
        guard decision.policy == policy.digest else { return false }
        if let test = known.evidence[.smokeTest] {
            return test.test?.identity == plannedTest(of: known.repository)?.identity
        }
        return known.evidence.values.allSatisfy { $0.producer == testerBuild }
            && (decision.outcome == .refuse || known.evidence[.inspection]?.outcome == .failed)
    }
}
