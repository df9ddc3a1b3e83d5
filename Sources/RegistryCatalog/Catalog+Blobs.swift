import GRDB
package import RegistryCore

/// What is known of one blob.
package struct BlobRecord: Sendable, Codable {
    package let digest: SHA256Digest
    /// Bytes.
    package let size: Int64
    /// When its bytes were last hashed here, on their way in or at rest.
    package let lastVerifiedAt: Timestamp
    /// Since when it need not be kept; nil where it is kept.
    package let removedAt: Timestamp?
    package let damage: BlobDamage?
}

/// What is wrong with a blob's bytes here.
package struct BlobDamage: Sendable, Codable, Equatable {
    package let reason: String
    package let foundAt: Timestamp
    /// Why they could not be fetched again; nil before the first attempt.
    package let repair: String?
    package let repairAt: Timestamp?

    /// Nil where the row tells of no damage.
    init?(row: Row) throws {
        guard let found: String = row["damaged_at"] else { return nil }
        reason = row["damage"] ?? ""
        foundAt = try Timestamp(column: found)
        repair = row["repair"]
        repairAt = try (row["repair_at"] as String?).map(Timestamp.init(column:))
    }
}

/// A file of a snapshot that has a blob's bytes.
package struct BlobUse: Sendable, Codable, Equatable {
    package let snapshot: Int64
    package let repository: RepositoryID
    package let commit: CommitID
    package let file: FileEntry

    /// `google/gemma-3-1b-it@dcc83ea/config.json`
    package var name: String { "\(repository)@\(commit.short)/\(file.path)" }
}

/// Blobs at rest: when they were hashed last, and which of them are not what they should be.
extension Catalog {
    /// Every blob that is kept, the longest unverified first.
    package func keptBlobs() async throws -> [BlobRecord] {
        try await read { try Self.blobs($0, where: "removed_at IS NULL", []) }
    }

    /// Whether any blob is kept that is not known to be damaged.
    package func keepsBlobs() async throws -> Bool {
        try await read {
            try Bool.fetchOne(
                $0, sql: "SELECT EXISTS (SELECT 1 FROM blobs WHERE removed_at IS NULL AND damaged_at IS NULL)") ?? false
        }
    }

    package func damagedBlobs() async throws -> [BlobRecord] {
        try await read { try Self.blobs($0, where: "removed_at IS NULL AND damaged_at IS NOT NULL", []) }
    }

    package func blob(_ digest: SHA256Digest) async throws -> BlobRecord? {
        try await read { try Self.blobs($0, where: "digest = ?", [digest.hex]).first }
    }

    /// Of one snapshot's files.
    package func blobs(of snapshot: Int64) async throws -> [BlobRecord] {
        try await read {
            try Self.blobs($0, where: "digest IN (SELECT digest FROM file_entries WHERE snapshot_id = ?)", [snapshot])
        }
    }

    private static func blobs(
        _ database: Database, where condition: String, _ arguments: StatementArguments
    ) throws -> [BlobRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT *, max(verified_at, ifnull(scrubbed_at, '')) AS last_verified_at FROM blobs WHERE \(condition)
                ORDER BY last_verified_at, digest
                """, arguments: arguments
        ).map { row in
            BlobRecord(
                digest: try SHA256Digest(row["digest"]), size: row["size"],
                lastVerifiedAt: try Timestamp(column: row["last_verified_at"]),
                removedAt: try (row["removed_at"] as String?).map(Timestamp.init(column:)),
                damage: try BlobDamage(row: row))
        }
    }

    /// The files that have these bytes, of snapshots that are kept; newest snapshot first.
    package func uses(of digest: SHA256Digest) async throws -> [BlobUse] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT path, size, git_object, is_lfs, digest, snapshot_id, commit_id, namespace, name
                    FROM file_entries JOIN blobs USING (digest) JOIN snapshots ON snapshots.id = snapshot_id
                    JOIN repositories ON repositories.id = repository_id
                    WHERE digest = ? AND expired_at IS NULL ORDER BY snapshot_id DESC, path
                    """, arguments: [digest.hex]
            ).map { row in
                BlobUse(
                    snapshot: row["snapshot_id"],
                    repository: try RepositoryID("\(row["namespace"] as String)/\(row["name"] as String)"),
                    commit: try CommitID(row["commit_id"]), file: try FileEntry(row: row))
            }
        }
    }

    /// The blob was hashed at rest, and is what it should be: whatever was wrong with it is over.
    package func noteSound(_ digests: [SHA256Digest]) async throws {
        guard !digests.isEmpty else { return }
        try await write { database in
            for digest in digests {
                let wasDamaged = try Bool.fetchOne(
                    database, sql: "SELECT damaged_at IS NOT NULL FROM blobs WHERE digest = ?", arguments: [digest.hex])
                guard let wasDamaged else { continue }
                try database.execute(
                    sql: """
                        UPDATE blobs SET scrubbed_at = ?, damaged_at = NULL, damage = NULL, repair = NULL,
                            repair_at = NULL
                        WHERE digest = ?
                        """, arguments: [Timestamp.now.text, digest.hex])
                if wasDamaged {
                    try Self.audit(
                        database, actor: "scrub", action: "repair", subject: "\(digest)", detail: "its bytes are right")
                }
            }
        }
    }

    /// Bytes have just come in and are right, whatever was wrong with those before them.
    package func noteRight(_ digests: [SHA256Digest]) async throws {
        let damaged = Set(
            try await read {
                try String.fetchAll($0, sql: "SELECT digest FROM blobs WHERE damaged_at IS NOT NULL")
            })
        try await noteSound(digests.filter { damaged.contains($0.hex) })
    }

    /// The blob's bytes here are not right: from now on no snapshot that names it is served.
    /// - Returns: false where it is not kept any more, which is no damage; a first finding stands.
    package func noteDamage(_ digest: SHA256Digest, _ reason: String) async throws -> Bool {
        try await write { database in
            let isKept = try Bool.fetchOne(
                database, sql: "SELECT removed_at IS NULL FROM blobs WHERE digest = ?", arguments: [digest.hex])
            guard isKept == true else { return false }
            try database.execute(
                sql: "UPDATE blobs SET damaged_at = ?, damage = ? WHERE digest = ? AND damaged_at IS NULL",
                arguments: [Timestamp.now.text, reason, digest.hex])
            if database.changesCount > 0 {
                try Self.audit(database, actor: "scrub", action: "damage", subject: "\(digest)", detail: reason)
            }
            return true
        }
    }

    /// Why a damaged blob could not be fetched again.
    package func noteRepair(of digest: SHA256Digest, failed reason: String) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE blobs SET repair = ?, repair_at = ? WHERE digest = ? AND damaged_at IS NOT NULL",
                arguments: [reason, Timestamp.now.text, digest.hex])
        }
    }
}
