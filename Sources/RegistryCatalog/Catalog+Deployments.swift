import GRDB
package import RegistryCore

/// A model that a scan found on a host.
package struct SeenModel: Sendable, Codable {
    /// Where on the host.
    package let path: String
    /// What the folder calls itself; empty where it does not say.
    package let repository: String
    package let commit: String
    /// Its weight files, by name, with size and SHA-256.
    package let weights: [Weight]

    package struct Weight: Sendable, Codable {
        package let path: String
        package let size: Int64
        package let digest: SHA256Digest

        package init(path: String, size: Int64, digest: SHA256Digest) {
            self.path = path
            self.size = size
            self.digest = digest
        }
    }

    package init(path: String, repository: String, commit: String, weights: [Weight]) {
        self.path = path
        self.repository = repository
        self.commit = commit
        self.weights = weights
    }

    /// The SHA-256 of the weights' digests in order: names this set of bytes whatever the files are called.
    package var digest: SHA256Digest {
        ContentDigests.sha256(of: Array(weights.map(\.digest.hex).sorted().joined(separator: "\n").utf8))
    }

    package var size: Int64 { weights.reduce(0) { $0.addingReportingOverflow($1.size).partialValue } }
}

/// A model seen on a host, and the snapshot here that has its bytes.
package struct Deployment: Sendable, Codable {
    package let host: String
    package let path: String
    package let claimedRepository: String
    package let claimedCommit: String
    package let size: Int64
    package let snapshot: Int64?
    package let firstSeenAt: Timestamp
    package let lastSeenAt: Timestamp
    /// When a later scan of the host no longer found it.
    package let goneAt: Timestamp?
}

extension Catalog {
    /// Takes a host's report: what it holds now. What it held before and does not name any more is marked as gone.
    ///
    /// - Returns: false, with nothing recorded, where another consumer reports this host: else anybody could empty
    ///   anybody's inventory.
    @discardableResult
    package func record(_ models: [SeenModel], on host: String, by consumer: Int64) async throws -> Bool {
        try await write { database in
            let reporter = try Int64.fetchOne(
                database, sql: "SELECT consumer_id FROM deployments WHERE host = ? ORDER BY id LIMIT 1",
                arguments: [host])
            guard reporter == nil || reporter == consumer else { return false }
            let now = Timestamp.now.text
            try database.execute(
                sql: "UPDATE deployments SET gone_at = ? WHERE host = ? AND gone_at IS NULL", arguments: [now, host])
            for model in models {
                try database.execute(
                    sql: """
                        INSERT INTO deployments (host, path, claimed_repository, claimed_commit, weights, snapshot_id,
                            size, consumer_id, first_seen_at, last_seen_at)
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
                        ON CONFLICT (host, path) DO UPDATE SET
                            first_seen_at = iif(weights = excluded.weights, first_seen_at, excluded.first_seen_at),
                            claimed_repository = excluded.claimed_repository,
                            claimed_commit = excluded.claimed_commit, weights = excluded.weights,
                            snapshot_id = excluded.snapshot_id, size = excluded.size,
                            consumer_id = excluded.consumer_id, last_seen_at = excluded.last_seen_at, gone_at = NULL
                        """,
                    arguments: [
                        host, model.path, model.repository, model.commit, model.digest.hex,
                        try Self.snapshot(holding: model, database), model.size, consumer, now,
                    ])
            }
            return true
        }
    }

    /// The snapshot that has every one of these weights, by bytes: the one that the folder claims to be, if it is
    /// one of them, else the newest.
    private static func snapshot(holding model: SeenModel, _ database: Database) throws -> Int64? {
        let digests = Set(model.weights.map(\.digest.hex)).sorted()
        guard !digests.isEmpty else { return nil }
        let marks = digests.map { _ in "?" }.joined(separator: ", ")
        return try Int64.fetchOne(
            database,
            sql: """
                SELECT snapshot_id FROM file_entries
                JOIN snapshots ON snapshots.id = snapshot_id JOIN repositories ON repositories.id = repository_id
                WHERE digest IN (\(marks)) GROUP BY snapshot_id HAVING count(DISTINCT digest) = ?
                ORDER BY commit_id = ? DESC, namespace || '/' || name = ? DESC, snapshot_id DESC LIMIT 1
                """,
            arguments: StatementArguments(digests) + [digests.count, model.commit, model.repository])
    }

    /// Everything seen on hosts, by host and path.
    package func deployments() async throws -> [Deployment] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM deployments ORDER BY host, path").map { row in
                Deployment(
                    host: row["host"], path: row["path"], claimedRepository: row["claimed_repository"],
                    claimedCommit: row["claimed_commit"], size: row["size"], snapshot: row["snapshot_id"],
                    firstSeenAt: try Timestamp(column: row["first_seen_at"]),
                    lastSeenAt: try Timestamp(column: row["last_seen_at"]),
                    goneAt: try (row["gone_at"] as String?).map(Timestamp.init(column:)))
            }
        }
    }
}
