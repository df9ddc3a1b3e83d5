import RegistryCatalog
import RegistryCore
import RegistryPolicy

/// Which snapshots need not be kept any more: a pure function of what is there.
struct Retention {
    /// How many promoted snapshots of a repository are kept; nil keeps all.
    let keep: Int?
    /// Snapshots that some host holds.
    let deployed: Set<Int64>

    /// Of each repository, everything older than its last promotions, and of what waits to be promoted all but the
    /// newest ones; never what is pinned, has a name here or is deployed somewhere. A revoked snapshot is none of the
    /// last promotions.
    /// - Returns: snapshots with the reason.
    func expired(_ snapshots: [SnapshotRecord]) -> [(snapshot: SnapshotRecord, reason: String)] {
        guard let keep else { return [] }
        let present = snapshots.filter { $0.expiry == nil && $0.manifest != nil }
        return Dictionary(grouping: present, by: \.repository).values.flatMap { snapshots in
            let promoted = snapshots.filter { $0.promotedAt != nil && $0.revocation == nil }
                .sorted { Self.rank($0) > Self.rank($1) }
            let oldest = promoted.count >= keep ? promoted.prefix(keep).last : nil
            let passed = snapshots.filter { snapshot in oldest.map { Self.rank(snapshot) < Self.rank($0) } == true }
            // Sync brings each commit in, and only the newest of those will ever be promoted.
            let waiting = snapshots.filter { $0.promotedAt == nil && $0.decision?.outcome == .hold }
                .sorted { Self.rank($0) > Self.rank($1) }
            return Set((passed + waiting.dropFirst(keep)).map(\.id)).subtracting(protected(snapshots))
                .compactMap { id in snapshots.first { $0.id == id } }.map { ($0, "keep: \(keep)") } as [Expired]
        }.sorted { ($0.snapshot.repository, $0.snapshot.id) < ($1.snapshot.repository, $1.snapshot.id) }
    }

    private typealias Expired = (snapshot: SnapshotRecord, reason: String)

    private func protected(_ snapshots: [SnapshotRecord]) -> [Int64] {
        snapshots.filter { $0.pin != nil || !$0.refs.isEmpty || deployed.contains($0.id) }.map(\.id)
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
