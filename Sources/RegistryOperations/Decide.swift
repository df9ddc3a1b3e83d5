import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryStorage

/// Policy over evidence, and what follows: promotion, or letting go of refused bytes.
extension Registry {
    func decide(_ snapshot: SnapshotRecord, promoting refs: [String]) async throws {
        let decision = policy.decide(on: try await dossier(of: snapshot))
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
        let decision = policy.decide(on: try await dossier(of: snapshot))
        let hasName = try await catalog.snapshot(snapshot.repository, .main) != nil
        try await catalog.decide(decision, on: snapshot, promoting: hasName ? [] : ["main"])
    }

    func dossier(of snapshot: SnapshotRecord) async throws -> Dossier {
        let files = try await catalog.files(of: snapshot.id)
        return Dossier(
            repository: snapshot.repository, licence: snapshot.card.licence, totalSize: snapshot.totalSize,
            weights: files.map(\.path.text).filter { Selection.isWeight($0) }, others: snapshot.leftOut,
            manifest: snapshot.manifest, evidence: snapshot.evidence)
    }
}
