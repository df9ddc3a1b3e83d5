import GRDB
package import RegistryCore

/// Who did what to what, in order; written in the transaction of the deed itself.
extension Catalog {
    static func audit(
        _ database: Database, actor: String, action: String, subject: String, detail: String
    ) throws {
        try database.execute(
            sql: "INSERT INTO audit_entries (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)",
            arguments: [Timestamp.now.text, actor, action, subject, detail])
    }

    /// Takes every snapshot of the repository that was promoted (or the one at `commit`) out of service.
    /// - Returns: the snapshots that this call revoked; those revoked before keep their first reason.
    package func revoke(
        _ repository: RepositoryID, commit: CommitID?, reason: String, actor: String
    ) async throws -> [SnapshotRecord] {
        try await write { database in
            let snapshots = try SnapshotRecord.fetch(
                database,
                where: """
                    namespace = ?1 AND name = ?2 AND (commit_id = ?3 OR ?3 IS NULL AND promoted_at IS NOT NULL)
                    AND snapshots.id NOT IN (SELECT snapshot_id FROM revocations)
                    """, [repository.namespace, repository.name, commit?.hex])
            for snapshot in snapshots {
                try database.execute(
                    sql: "INSERT INTO revocations (snapshot_id, reason, revoked_at) VALUES (?, ?, ?)",
                    arguments: [snapshot.id, reason, Timestamp.now.text])
                try Self.audit(
                    database, actor: actor, action: "revoke", subject: "\(repository)@\(snapshot.commit)",
                    detail: reason)
            }
            return snapshots
        }
    }
}
