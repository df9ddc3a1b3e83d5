import GRDB
package import RegistryCore

/// What a model card claims; never proof.
package struct ModelCard: Sendable, Codable, Equatable {
    package var licence: String?
    package var baseModels: [String]
    /// finetune, adapter, quantized or merge.
    package var relation: String?
    package var pipeline: String?
    package var library: String?
    package var tags: [String]

    package init(
        licence: String? = nil, baseModels: [String] = [], relation: String? = nil, pipeline: String? = nil,
        library: String? = nil, tags: [String] = []
    ) {
        self.licence = licence
        self.baseModels = baseModels
        self.relation = relation
        self.pipeline = pipeline
        self.library = library
        self.tags = tags
    }
}

/// A snapshot with everything that bears on whether it may be served.
package struct SnapshotRecord: Sendable {
    package let id: Int64
    package let repository: RepositoryID
    package let commit: CommitID
    package let manifest: SHA256Digest?
    package let upstream: String
    package let card: ModelCard
    package let leftOut: [LeftOutFile]
    package let createdAt: Timestamp
    package let promotedAt: Timestamp?
    /// The names that mean this snapshot here: `main`, a tag.
    package let refs: [String]
    /// The newest of each kind.
    package let evidence: [Evidence.Kind: Evidence]
    /// The newest.
    package let decision: Decision?
    package let revocation: Revocation?
    /// Where a scrub found bytes of it that are not right; nil where all are, as far as is known.
    package let damage: SnapshotDamage?
    /// Nil where its bytes are kept.
    package let expiry: Expiry?
    package let pin: Pin?
    package let fileCount: Int
    /// Bytes.
    package let totalSize: Int64
}

package struct Revocation: Sendable, Codable, Equatable {
    package let reason: String
    package let revokedAt: Timestamp
}

/// Files of a snapshot whose bytes here are not right.
package struct SnapshotDamage: Sendable, Codable, Equatable {
    /// The first in byte order of the paths.
    package let path: RepositoryPath
    package let fileCount: Int
    package let damage: BlobDamage
}

/// Why retention let a snapshot go.
package struct Expiry: Sendable, Codable, Equatable {
    package let reason: String
    package let expiredAt: Timestamp
}

/// Keeps a snapshot from retention.
package struct Pin: Sendable, Codable, Equatable {
    /// May be empty.
    package let reason: String
    package let pinnedAt: Timestamp
}

extension SnapshotRecord {
    private static let columns = """
        SELECT snapshots.*, namespace, name,
            (SELECT count(*) FROM file_entries WHERE snapshot_id = snapshots.id) AS file_count,
            (SELECT ifnull(sum(size), 0) FROM file_entries JOIN blobs USING (digest)
             WHERE snapshot_id = snapshots.id) AS total_size
        FROM snapshots JOIN repositories ON repositories.id = repository_id
        """

    /// Snapshots that an SQL condition picks, newest first.
    static func fetch(_ database: Database, where condition: String, _ arguments: StatementArguments) throws -> [Self] {
        try Row.fetchAll(
            database, sql: "\(columns) WHERE \(condition) ORDER BY snapshots.id DESC", arguments: arguments
        ).map { try Self(row: $0, database) }
    }

    private init(row: Row, _ database: Database) throws {
        let id: Int64 = row["id"]
        self.id = id
        repository = try RepositoryID("\(row["namespace"] as String)/\(row["name"] as String)")
        commit = try CommitID(row["commit_id"])
        manifest = try (row["manifest"] as String?).map { try SHA256Digest($0) }
        upstream = row["upstream"]
        card = try JSONColumn.value(row["card"])
        leftOut = try JSONColumn.value(row["left_out"])
        createdAt = try Timestamp(column: row["created_at"])
        promotedAt = try (row["promoted_at"] as String?).map(Timestamp.init(column:))
        fileCount = row["file_count"]
        totalSize = row["total_size"]
        refs = try String.fetchAll(
            database, sql: "SELECT name FROM refs WHERE snapshot_id = ? ORDER BY name", arguments: [id])

        let reports = try String.fetchAll(
            database,
            sql: """
                SELECT report FROM evidence WHERE id IN (
                    SELECT max(id) FROM evidence WHERE snapshot_id = ? GROUP BY kind)
                """, arguments: [id])
        let evidence = try reports.map { try JSONColumn.value($0, as: Evidence.self) }
        self.evidence = Dictionary(evidence.map { ($0.kind, $0) }) { _, newer in newer }

        decision = try String.fetchOne(
            database, sql: "SELECT report FROM decisions WHERE snapshot_id = ? ORDER BY id DESC LIMIT 1",
            arguments: [id]
        ).map { try JSONColumn.value($0) }
        revocation = try Row.fetchOne(
            database, sql: "SELECT reason, revoked_at FROM revocations WHERE snapshot_id = ?", arguments: [id]
        ).map { try Revocation(reason: $0["reason"], revokedAt: Timestamp(column: $0["revoked_at"])) }
        pin = try Row.fetchOne(
            database, sql: "SELECT reason, pinned_at FROM pins WHERE snapshot_id = ?", arguments: [id]
        )
        .map { try Pin(reason: $0["reason"], pinnedAt: Timestamp(column: $0["pinned_at"])) }
        expiry = try (row["expired_at"] as String?).map {
            Expiry(reason: row["expiry"] ?? "", expiredAt: try Timestamp(column: $0))
        }
        let damaged = try Row.fetchAll(
            database,
            sql: """
                SELECT path, blobs.* FROM blobs INDEXED BY blobs_damaged JOIN file_entries USING (digest)
                WHERE damaged_at IS NOT NULL AND snapshot_id = ? ORDER BY path
                """, arguments: [id])
        damage =
            try damaged.first.map { first in
                guard let damage = try BlobDamage(row: first) else { return nil }
                return SnapshotDamage(
                    path: try RepositoryPath(first["path"]), fileCount: damaged.count, damage: damage)
            } ?? nil
    }
}

extension Timestamp {
    init(column text: String) throws {
        guard let moment = Timestamp(text) else {
            throw CatalogError.failed(path: "registry.sqlite", reason: "'\(text.printable)' is not a UTC moment")
        }
        self = moment
    }
}
