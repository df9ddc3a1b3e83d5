import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryStorage

/// Policy over evidence, and what follows: promotion, or letting go of refused bytes.
extension Registry {
    /// - Parameter findings: what speaks for or against it beside the policy.
    func decide(
        _ snapshot: SnapshotRecord, promoting refs: [String], adding findings: [Finding] = []
    ) async throws {
        var decision = policy.decide(on: try await dossier(of: snapshot)).adding(findings)
        // The card is upstream's word too: bytes that nobody vouches for are held, not refused for want of a licence.
        if snapshot.evidence[.verification]?.outcome == .warned { decision = decision.leavingOut("licences") }
        // Nothing new to say, and nothing to rename: no row, no audit entry.
        if decision == snapshot.decision, Set(refs).isSubset(of: snapshot.refs) { return }
        try await catalog.decide(decision, on: snapshot, promoting: refs)
        if decision.outcome == .refuse {
            try await removeReleased(try await catalog.releaseBlobs(of: snapshot))
        }
    }

    /// A changed policy is asked about everything that has evidence; what it no longer admits is no longer served,
    /// and its bytes stay: the next change may admit it again.
    func decideAgain(_ snapshot: SnapshotRecord) async throws {
        guard snapshot.manifest != nil, snapshot.decision != nil, snapshot.revocation == nil,
            snapshot.expiry == nil
        else { return }
        let isWhole = try await catalog.files(of: snapshot.id).allSatisfy { blobs.contains($0.digest) }
        guard isWhole else { return }
        // What nobody has promoted stays so whatever the policy says.
        let unpromoted = snapshot.decision?.findings.filter { $0.rule == Finding.changed } ?? []
        let decision = policy.decide(on: try await dossier(of: snapshot)).adding(unpromoted)
        let hasName = try await catalog.snapshot(snapshot.repository, .main) != nil
        try await catalog.decide(decision, on: snapshot, promoting: hasName ? [] : ["main"])
    }

    /// Facts about a snapshot whose bytes are here, for the policy.
    func dossier(of snapshot: SnapshotRecord) async throws -> Dossier {
        let files = try await catalog.files(of: snapshot.id)
        return Dossier(
            repository: snapshot.repository, licence: snapshot.card.licence, totalSize: snapshot.totalSize,
            weights: files.map(\.path.text).filter { Selection.isWeight($0) }, others: snapshot.leftOut,
            manifest: snapshot.manifest, evidence: snapshot.evidence)
    }
}

extension Finding {
    /// The rule that keeps a commit waiting which nobody asked to be served.
    package static let changed = "changed"
}

extension Decision {
    fileprivate func leavingOut(_ rule: String) -> Decision {
        Decision(
            findings: findings.filter { $0.rule != rule }, policy: policy, manifest: manifest, required: required)
    }

    fileprivate func adding(_ more: [Finding]) -> Decision {
        more.isEmpty
            ? self : Decision(findings: findings + more, policy: policy, manifest: manifest, required: required)
    }
}
