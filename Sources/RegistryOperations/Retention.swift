import RegistryCatalog
import RegistryCore
import RegistryPolicy

/// Which snapshots need not be kept any more: a pure function of what is there.
struct Retention {
    /// How many promoted snapshots of a repository are kept; nil keeps all.
    let keep: Int?
    /// Snapshots that some host holds.
    let deployed: Set<Int64>

    /// Of each repository, everything older than its last promotions, but for what is pinned, has a name here or is
    /// deployed somewhere. A revoked snapshot is none of the last promotions. Where too few were promoted, all stay.
    /// - Returns: snapshots with the reason.
    func expired(_ snapshots: [SnapshotRecord]) -> [(snapshot: SnapshotRecord, reason: String)] {
        guard let keep else { return [] }
        let present = snapshots.filter { $0.expiry == nil && $0.manifest != nil }
        return Dictionary(grouping: present, by: \.repository).values.flatMap { snapshots in
            let promoted = snapshots.filter { $0.promotedAt != nil && $0.revocation == nil }
                .sorted { Self.rank($0) > Self.rank($1) }
            guard promoted.count >= keep, let oldest = promoted.prefix(keep).last else { return [] as [Expired] }
            return snapshots.filter { Self.rank($0) < Self.rank(oldest) && !isProtected($0) }
                .map { ($0, "keep: \(keep)") }
        }.sorted { ($0.snapshot.repository, $0.snapshot.id) < ($1.snapshot.repository, $1.snapshot.id) }
    }

    private typealias Expired = (snapshot: SnapshotRecord, reason: String)

    private func isProtected(_ snapshot: SnapshotRecord) -> Bool {
        snapshot.pin != nil || !snapshot.refs.isEmpty || deployed.contains(snapshot.id)
    }

    /// When it was promoted, or came; later is greater.
    private static func rank(_ snapshot: SnapshotRecord) -> (Timestamp, Int64) {
        (snapshot.promotedAt ?? snapshot.createdAt, snapshot.id)
    }
}

extension Registry {
    func expiredByRetention() async throws -> [(snapshot: SnapshotRecord, reason: String)] {
        let deployed = try await catalog.deployments().filter { $0.goneAt == nil }.compactMap(\.snapshot)
        return Retention(keep: policy.retention.keep, deployed: Set(deployed))
            .expired(try await catalog.snapshots())
    }
}
