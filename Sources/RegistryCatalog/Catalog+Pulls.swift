import GRDB
package import RegistryCore

/// One answer that carried, or would have carried, a file's bytes.
package struct Transfer: Sendable {
    package enum Outcome: String, Sendable {
        /// The whole file, in one answer.
        case complete
        /// A range, delivered whole.
        case partial
        /// Cut off by the client, the network or a revocation.
        case aborted
        case head
    }

    package let consumer: Int64
    package let snapshot: Int64
    package let path: RepositoryPath
    package let outcome: Outcome
    /// Offset of the first byte in the file.
    package let start: Int64
    /// Bytes handed to the network.
    package let sent: Int64
    /// The client's User-Agent.
    package let agent: String
    package let endedAt: Timestamp

    package init(
        consumer: Int64, snapshot: Int64, path: RepositoryPath, outcome: Outcome, start: Int64, sent: Int64,
        agent: String, endedAt: Timestamp = .now
    ) {
        self.consumer = consumer
        self.snapshot = snapshot
        self.path = path
        self.outcome = outcome
        self.start = start
        self.sent = sent
        self.agent = agent
        self.endedAt = endedAt
    }
}

extension Catalog {
    /// Records a batch of transfers and what they make of their pulls, in one transaction.
    package func record(_ transfers: [Transfer]) async throws {
        try await write { database in
            for transfer in transfers {
                try database.execute(
                    sql: """
                        INSERT INTO transfers (consumer_id, snapshot_id, path, outcome, start, sent, agent, ended_at)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        transfer.consumer, transfer.snapshot, transfer.path.text, transfer.outcome.rawValue,
                        transfer.start, transfer.sent, transfer.agent, transfer.endedAt.text,
                    ])
                if transfer.outcome != .head { try Self.addToPull(transfer, database) }
            }
        }
    }

    private static func addToPull(_ transfer: Transfer, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO pulls (snapshot_id, consumer_id, first_at, last_at, bytes) VALUES (?1, ?2, ?3, ?3, ?4)
                ON CONFLICT DO UPDATE SET last_at = excluded.last_at, bytes = bytes + excluded.bytes
                """,
            arguments: [transfer.snapshot, transfer.consumer, transfer.endedAt.text, transfer.sent])
        let isOpen = try Bool.fetchOne(
            database,
            sql: "SELECT completed_at IS NULL FROM pulls WHERE snapshot_id = ? AND consumer_id = ?",
            arguments: [transfer.snapshot, transfer.consumer])
        guard isOpen == true else { return }

        let weights = try Row.fetchAll(
            database,
            sql: """
                SELECT path, size FROM file_entries JOIN blobs USING (digest)
                WHERE snapshot_id = ? AND (path LIKE '%.safetensors' OR path LIKE '%.gguf')
                """, arguments: [transfer.snapshot])
        for weight in weights {
            let ranges = try Row.fetchAll(
                database,
                sql: """
                    SELECT start, sent FROM transfers
                    WHERE snapshot_id = ? AND consumer_id = ? AND path = ? AND outcome <> 'head' ORDER BY start
                    """, arguments: [transfer.snapshot, transfer.consumer, weight["path"] as String])
            // A resumed or parallel download arrives in pieces: the file is delivered when they leave no gap.
            var covered: Int64 = 0
            for range in ranges {
                let start: Int64 = range["start"]
                let sent: Int64 = range["sent"]
                if start <= covered { covered = max(covered, start + sent) }
            }
            let size: Int64 = weight["size"]
            guard covered >= size else { return }
        }
        try database.execute(
            sql: "UPDATE pulls SET completed_at = ? WHERE snapshot_id = ? AND consumer_id = ?",
            arguments: [transfer.endedAt.text, transfer.snapshot, transfer.consumer])
    }
}

/// How a snapshot has been fetched.
package struct PullCount: Sendable, Codable, Equatable {
    /// Consumers that received every weight file.
    package var pulls = 0
    /// Consumers that received something, but not every weight file (yet).
    package var unfinished = 0
    /// Bytes sent to consumers.
    package var bytes: Int64 = 0
    /// Answers that were a range of a file, cut off, or headers alone: kept, not counted as pulls.
    package var partial = 0
    package var aborted = 0
    package var heads = 0
    package var lastAt: Timestamp?

    package init() {}
}

/// One consumer's pull of one snapshot.
package struct Pull: Sendable, Codable {
    package let repository: RepositoryID
    package let commit: CommitID
    package let consumer: Consumer
    package let firstAt: Timestamp
    package let lastAt: Timestamp
    package let completedAt: Timestamp?
    package let bytes: Int64
}

extension Catalog {
    /// Counts by snapshot.
    package func pullCounts() async throws -> [Int64: PullCount] {
        try await read { database in
            var counts: [Int64: PullCount] = [:]
            let pulls = try Row.fetchAll(
                database,
                sql: """
                    SELECT snapshot_id, count(completed_at) AS pulls, count(*) AS consumers, sum(bytes) AS bytes,
                        max(last_at) AS last_at FROM pulls GROUP BY snapshot_id
                    """)
            for row in pulls {
                let completed: Int = row["pulls"]
                var count = PullCount()
                count.pulls = completed
                count.unfinished = (row["consumers"] as Int) - completed
                count.bytes = row["bytes"]
                count.lastAt = try Timestamp(column: row["last_at"])
                counts[row["snapshot_id"]] = count
            }
            let transfers = try Row.fetchAll(
                database,
                sql: "SELECT snapshot_id, outcome, count(*) AS number FROM transfers GROUP BY snapshot_id, outcome")
            for row in transfers {
                let number: Int = row["number"]
                switch Transfer.Outcome(rawValue: row["outcome"]) {
                case .partial: counts[row["snapshot_id"], default: PullCount()].partial = number
                case .aborted: counts[row["snapshot_id"], default: PullCount()].aborted = number
                case .head: counts[row["snapshot_id"], default: PullCount()].heads = number
                case .complete, nil: break
                }
            }
            return counts
        }
    }

    /// Pulls, latest first; all of them, or those of some snapshots.
    package func pulls(of snapshots: [Int64]? = nil) async throws -> [Pull] {
        try await read { database in
            let marks = (snapshots ?? []).map { _ in "?" }.joined(separator: ", ")
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT pulls.*, namespace, name, commit_id,
                        consumers.id, kind, team, environment, sector, use_case
                    FROM pulls JOIN consumers ON consumers.id = consumer_id
                    JOIN snapshots ON snapshots.id = snapshot_id JOIN repositories ON repositories.id = repository_id
                    \(snapshots == nil ? "" : "WHERE snapshot_id IN (\(marks))")
                    ORDER BY last_at DESC
                    """, arguments: StatementArguments(snapshots ?? [])
            ).map { row in
                Pull(
                    repository: try RepositoryID("\(row["namespace"] as String)/\(row["name"] as String)"),
                    commit: try CommitID(row["commit_id"]), consumer: Consumer(row: row),
                    firstAt: try Timestamp(column: row["first_at"]), lastAt: try Timestamp(column: row["last_at"]),
                    completedAt: try (row["completed_at"] as String?).map(Timestamp.init(column:)),
                    bytes: row["bytes"])
            }
        }
    }
}
