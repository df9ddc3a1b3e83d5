package import RegistryCatalog
import RegistryCore

/// What has become of a model here.
package enum ModelState: String, Sendable, Codable, CaseIterable {
    case served, held, refused, revoked, preparing, failed
    /// Some of its bytes went bad here.
    case damaged
    /// Retention let its bytes go.
    case expired
}

/// Why a snapshot is not served.
package struct Obstacle: Sendable {
    package let state: ModelState
    package let rule: String
    package let message: String
}

/// Whether a snapshot may be served: nil, or the first thing that speaks against it.
///
/// An AND over everything that is required; unknown, pending, unparsable or of other bytes means no. Every route that
/// answers with bytes or metadata of a model asks this, and nothing else decides.
package func canServe(_ snapshot: SnapshotRecord) -> Obstacle? {
    if let revocation = snapshot.revocation {
        return Obstacle(
            state: .revoked, rule: "revocation",
            message: "revoked on \(revocation.revokedAt.minutes): \(revocation.reason.printable)")
    }
    if let expiry = snapshot.expiry {
        return Obstacle(
            state: .expired, rule: "retention",
            message: "expired on \(expiry.expiredAt.minutes) (\(expiry.reason.printable)): its bytes are not kept any "
                + "more; 'lapidary mirror \(snapshot.repository)@\(snapshot.commit.hex)' brings it back")
    }
    guard let decision = snapshot.decision else {
        return Obstacle(
            state: .failed, rule: "decision", message: "its mirroring did not come to a decision; mirror it again")
    }
    switch decision.outcome {
    case .admit: break
    case .hold:
        return Obstacle(
            state: .held, rule: decision.reason?.rule ?? "decision", message: decision.reason?.message ?? "held")
    case .refuse:
        return Obstacle(
            state: .refused, rule: decision.reason?.rule ?? "decision", message: decision.reason?.message ?? "refused")
    }
    guard let manifest = snapshot.manifest, decision.manifest == manifest else {
        return Obstacle(state: .held, rule: "decision", message: "the decision is not about these bytes")
    }
    for kind in Set(decision.required).union([.verification, .inspection]) {
        guard let evidence = snapshot.evidence[kind], evidence.manifest == manifest else {
            return Obstacle(state: .held, rule: kind.rawValue, message: "there is no \(kind.rawValue) of these bytes")
        }
        guard evidence.outcome != .failed else {
            return Obstacle(state: .refused, rule: kind.rawValue, message: evidence.summary)
        }
    }
    guard snapshot.promotedAt != nil else {
        return Obstacle(state: .held, rule: "promotion", message: "not promoted")
    }
    if let damage = snapshot.damage {
        let more = damage.fileCount > 1 ? " and \(damage.fileCount - 1) more files" : ""
        return Obstacle(
            state: .damaged, rule: "scrub",
            message: "\(damage.path)\(more) went bad on this registry's disk: \(damage.damage.words.printable)")
    }
    return nil
}
