import GRDB
package import RegistryCore

/// What need not be kept any more. Rows are told first; bytes go only after their row says so.
extension Catalog {
    /// Lets go of snapshots, each for its reason, and of the blobs that no kept snapshot names: one transaction.
    /// Rows of snapshots stay for ever; a pin, a name or a job at work that came meanwhile is looked at here, not before.
    /// - Returns: blobs that are let go of by this call.
    @discardableResult
    package func letGo(_ expiries: [Int64: String]) async throws -> Int {
        try await write { database in
            let now = Timestamp.now.text
            for (snapshot, reason) in expiries.sorted(by: { $0.key < $1.key }) {
                try database.execute(
                    sql: """
                        UPDATE snapshots SET expired_at = ?, expiry = ? WHERE id = ? AND expired_at IS NULL
                            AND id NOT IN (SELECT snapshot_id FROM pins) AND id NOT IN (SELECT snapshot_id FROM refs)
                            AND id NOT IN (SELECT snapshot_id FROM deployments
                                WHERE snapshot_id IS NOT NULL AND gone_at IS NULL)
                            AND NOT EXISTS (SELECT 1 FROM jobs JOIN repositories USING (namespace, name)
                                WHERE repositories.id = repository_id AND jobs.state = 'running')
                        """, arguments: [now, reason, snapshot])
                guard database.changesCount > 0 else { continue }
                let subject = try String.fetchOne(
                    database,
                    sql: """
                        SELECT namespace || '/' || name || '@' || commit_id FROM snapshots
                        JOIN repositories ON repositories.id = repository_id WHERE snapshots.id = ?
                        """, arguments: [snapshot])
                try Self.audit(
                    database, actor: "retention", action: "expire", subject: subject ?? "\(snapshot)", detail: reason)
            }
            try database.execute(
                sql: "UPDATE blobs SET removed_at = ? WHERE removed_at IS NULL AND \(Self.isUnnamed)", arguments: [now])
            return database.changesCount
        }
    }

    /// SQL: no kept snapshot names the blob.
    private static let isUnnamed = """
        NOT EXISTS (SELECT 1 FROM file_entries JOIN snapshots ON snapshots.id = snapshot_id
            WHERE file_entries.digest = blobs.digest AND expired_at IS NULL)
        """

    /// Kept blobs, as they would be after `expired` were let go of: those that then nothing names, without changing
    /// anything.
    package func unnamedBlobs(without expired: Set<Int64>) async throws -> [SHA256Digest: Int64] {
        try await read { database in
            let marks = expired.map { "\($0)" }.joined(separator: ", ")
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT digest, size FROM blobs WHERE removed_at IS NULL AND NOT EXISTS (
                        SELECT 1 FROM file_entries JOIN snapshots ON snapshots.id = snapshot_id
                        WHERE file_entries.digest = blobs.digest AND expired_at IS NULL
                            AND snapshot_id NOT IN (\(marks)))
                    """)
            return Dictionary(try rows.map { (try SHA256Digest($0["digest"]), $0["size"]) }) { first, _ in first }
        }
    }

    /// Since when each blob that the catalogue knows need not be kept; nil where it must be.
    package func removals(of digests: [SHA256Digest]) async throws -> [SHA256Digest: Timestamp?] {
        try await read { database in
            var removals: [SHA256Digest: Timestamp?] = [:]
            for digest in digests {
                let row = try Row.fetchOne(
                    database, sql: "SELECT removed_at FROM blobs WHERE digest = ?", arguments: [digest.hex])
                guard let row else { continue }
                removals[digest] = .some(try (row["removed_at"] as String?).map(Timestamp.init(column:)))
            }
            return removals
        }
    }

    /// All of them at once, in one read: what a whole store is compared with.
    package func removals() async throws -> [SHA256Digest: Timestamp?] {
        try await read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT digest, removed_at FROM blobs")
            return Dictionary(
                try rows.map { row in
                    (
                        try SHA256Digest(row["digest"]),
                        try (row["removed_at"] as String?).map(Timestamp.init(column:))
                    )
                }
            ) { first, _ in first }
        }
    }

    /// Bytes of kept blobs: all together, and by repository that names them (a blob that two name counts for both).
    package func usage() async throws -> StoreUsage {
        try await read { database in
            let total = try Int64.fetchOne(
                database, sql: "SELECT ifnull(sum(size), 0) FROM blobs WHERE removed_at IS NULL")
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT DISTINCT namespace, digest, size FROM blobs JOIN file_entries USING (digest)
                    JOIN snapshots ON snapshots.id = snapshot_id JOIN repositories ON repositories.id = repository_id
                    WHERE removed_at IS NULL AND expired_at IS NULL
                    """)
            var usage = StoreUsage(total: total ?? 0)
            for row in rows {
                usage.blobs[row["namespace"], default: [:]][try SHA256Digest(row["digest"])] = row["size"]
            }
            return usage
        }
    }
}

/// Which bytes are kept for whom.
package struct StoreUsage: Sendable {
    /// Bytes of all kept blobs.
    package let total: Int64
    /// Kept blobs with their sizes, by namespace.
    package var blobs: [String: [SHA256Digest: Int64]] = [:]

    /// Bytes of the blobs that namespaces which fit have, each blob once.
    package func bytes(where fits: (String) -> Bool) -> Int64 {
        var counted: [SHA256Digest: Int64] = [:]
        for (namespace, blobs) in blobs where fits(namespace) { counted.merge(blobs) { first, _ in first } }
        return counted.values.reduce(0) { $0.addingReportingOverflow($1).partialValue }
    }
}

/// Pins.
extension Catalog {
    /// - Returns: nothing changes where it is pinned already, but for the reason.
    package func pin(_ snapshot: SnapshotRecord, reason: String, actor: String) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO pins (snapshot_id, reason, pinned_at) VALUES (?, ?, ?)
                    ON CONFLICT (snapshot_id) DO UPDATE SET reason = excluded.reason
                    """, arguments: [snapshot.id, reason, Timestamp.now.text])
            try Self.audit(
                database, actor: actor, action: "pin", subject: "\(snapshot.repository)@\(snapshot.commit)",
                detail: reason)
        }
    }

    /// - Returns: false where it was not pinned.
    package func unpin(_ snapshot: SnapshotRecord, actor: String) async throws -> Bool {
        try await write { database in
            try database.execute(sql: "DELETE FROM pins WHERE snapshot_id = ?", arguments: [snapshot.id])
            guard database.changesCount > 0 else { return false }
            try Self.audit(
                database, actor: actor, action: "unpin", subject: "\(snapshot.repository)@\(snapshot.commit)",
                detail: "")
            return true
        }
    }
}
