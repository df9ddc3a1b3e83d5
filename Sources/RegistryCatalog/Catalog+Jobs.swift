import GRDB
package import RegistryCore

extension Catalog {
    /// The job that shall mirror: the one that waits for its turn with the same words, as a crash or a failure may have
    /// left it, else a new one.
    /// - Parameter taken: jobs that somebody does, who may wait for upstream.
    package func beginJob(
        mirroring repository: RepositoryID, at revision: Revision, promotion: Job.Promotion = .always,
        again: Bool = false, besides taken: Set<Int64> = []
    ) async throws -> Int64 {
        try await write { database in
            let waiting = try Int64.fetchAll(
                database,
                sql: """
                    SELECT id FROM jobs WHERE kind = 'mirror' AND state IN ('queued', 'waiting')
                        AND namespace = ? AND name = ? AND revision = ? AND promotion = ? AND again = ? ORDER BY id
                    """,
                arguments: [repository.namespace, repository.name, revision.name, promotion.rawValue, again])
            if let free = waiting.first(where: { !taken.contains($0) }) { return free }
            return try Self.insert(.mirror, repository, revision.name, promotion, again: again, database)
        }
    }

    package func beginJob(testing snapshot: SnapshotRecord) async throws -> Int64 {
        try await write { try Self.insert(.retest, snapshot.repository, snapshot.commit.hex, .always, $0) }
    }

    package func beginJob(importing repository: RepositoryID, at revision: String) async throws -> Int64 {
        try await write { try Self.insert(.import, repository, revision, .always, $0) }
    }

    private static func insert(
        _ kind: Job.Kind, _ repository: RepositoryID, _ revision: String, _ promotion: Job.Promotion,
        again: Bool = false, _ database: Database
    ) throws -> Int64 {
        let now = Timestamp.now.text
        try database.execute(
            sql: """
                INSERT INTO jobs (kind, namespace, name, revision, promotion, state, message, attempts, received, total,
                    fetched, fetch_seconds, created_at, updated_at, again)
                VALUES (?, ?, ?, ?, ?, 'queued', 'waiting for its turn', 0, 0, 0, 0, 0, ?, ?, ?)
                """,
            arguments: [
                kind.rawValue, repository.namespace, repository.name, revision, promotion.rawValue, now, now, again,
            ])
        return database.lastInsertedRowID
    }

    /// Says that a job is begun, once more.
    /// - Returns: how often it has been begun now.
    package func beginAttempt(_ id: Int64) async throws -> Int {
        try await write { database in
            try Int.fetchOne(
                database,
                sql: """
                    UPDATE jobs SET attempts = attempts + 1, received = 0, total = 0, updated_at = ? WHERE id = ?
                    RETURNING attempts
                    """, arguments: [Timestamp.now.text, id]) ?? 0
        }
    }

    /// - Parameter waitUntil: for ``Job/State/waiting`` alone.
    package func updateJob(
        _ id: Int64, to state: Job.State, _ message: String, waitUntil: Timestamp? = nil
    ) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE jobs SET state = ?, message = ?, wait_until = ?, updated_at = ? WHERE id = ?",
                arguments: [
                    state.rawValue, message, state == .waiting ? waitUntil?.text : nil, Timestamp.now.text, id,
                ])
        }
    }

    /// How far a running job's transfers are, in bytes.
    package func updateJob(_ id: Int64, received: Int64, of total: Int64, _ message: String) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    UPDATE jobs SET state = 'running', wait_until = NULL, received = ?, total = ?, message = ?,
                        updated_at = ?
                    WHERE id = ? AND state IN ('running', 'waiting')
                    """, arguments: [received, total, message, Timestamp.now.text, id])
        }
    }

    /// Remembers what a job fetched over the network, and in how many seconds.
    package func note(fetched bytes: Int64, in seconds: Double, by id: Int64) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE jobs SET fetched = fetched + ?, fetch_seconds = fetch_seconds + ? WHERE id = ?",
                arguments: [bytes, seconds, id])
        }
    }

    /// Bytes a second over the last twenty fetches of at least a MiB; nil where there were none.
    package func fetchRate() async throws -> Double? {
        try await read { database in
            try Double.fetchOne(
                database,
                sql: """
                    SELECT sum(fetched) / sum(fetch_seconds) FROM (
                        SELECT fetched, fetch_seconds FROM jobs WHERE fetched >= 1048576 AND fetch_seconds > 0
                        ORDER BY id DESC LIMIT 20)
                    """)
        }
    }

    /// Called by a new owner of the storage: nothing can be running any more. Mirrors go back into the queue, re-tests
    /// are planned anew.
    package func requeueInterruptedJobs() async throws {
        try await write { database in
            try database.execute(
                sql: """
                    UPDATE jobs SET state = 'queued', wait_until = NULL, updated_at = ?,
                        message = 'interrupted: the process that ran it has ended; a server takes it up again'
                    WHERE state = 'running' AND kind = 'mirror' OR state = 'waiting' AND wait_until IS NULL
                    """, arguments: [Timestamp.now.text])
            try database.execute(
                sql: """
                    UPDATE jobs SET state = 'failed', message = 'interrupted: the process that ran it has ended',
                        wait_until = NULL, updated_at = ?
                    WHERE state IN ('queued', 'running', 'waiting') AND kind <> 'mirror'
                    """, arguments: [Timestamp.now.text])
        }
    }

    /// Mirrors that wait for nothing but somebody who does them, the oldest first.
    package func dueJobs(at moment: Timestamp, limit: Int = 100) async throws -> [Job] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM jobs WHERE kind = 'mirror' AND (state = 'queued'
                        OR state = 'waiting' AND wait_until <= ?) ORDER BY id LIMIT ?
                    """, arguments: [moment.text, limit]
            ).map { try Job(row: $0) }
        }
    }

    /// Ends the jobs of a repository that nobody is doing.
    /// - Returns: those jobs.
    package func cancelQueuedJobs(of repository: RepositoryID, reason: String) async throws -> [Int64] {
        try await write { database in
            try Int64.fetchAll(
                database,
                sql: """
                    UPDATE jobs SET state = 'cancelled', message = ?, wait_until = NULL, updated_at = ?
                    WHERE namespace = ? AND name = ? AND state IN ('queued', 'waiting') RETURNING id
                    """, arguments: [reason, Timestamp.now.text, repository.namespace, repository.name])
        }
    }

    /// Nothing came of a job that anybody would want to read.
    package func forget(_ id: Int64) async throws {
        try await write { try $0.execute(sql: "DELETE FROM jobs WHERE id = ?", arguments: [id]) }
    }

    /// Forgets jobs that ended before a moment, but for the newest of each kind that a repository has.
    package func forgetJobs(endedBefore moment: Timestamp) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled') AND updated_at < ?
                        AND id NOT IN (SELECT max(id) FROM jobs GROUP BY namespace, name, kind)
                    """, arguments: [moment.text])
        }
    }

    /// The newest job of a repository, of any kind or of one.
    package func latestJob(of repository: RepositoryID, _ kind: Job.Kind? = nil) async throws -> Job? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT * FROM jobs WHERE namespace = ? AND name = ? AND kind = ifnull(?, kind)
                    ORDER BY id DESC LIMIT 1
                    """, arguments: [repository.namespace, repository.name, kind?.rawValue]
            ).map { try Job(row: $0) }
        }
    }

    /// These jobs, oldest first.
    package func jobs(_ ids: [Int64]) async throws -> [Job] {
        try await read { database in
            try ids.sorted().compactMap { id in
                try Row.fetchOne(database, sql: "SELECT * FROM jobs WHERE id = ?", arguments: [id])
                    .map { try Job(row: $0) }
            }
        }
    }

    /// Queued, waiting and running jobs, oldest first.
    package func activeJobs() async throws -> [Job] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM jobs WHERE state IN ('queued', 'running', 'waiting') ORDER BY id"
            ).map { try Job(row: $0) }
        }
    }

    /// The last jobs that have ended, newest first, of all repositories or of one.
    package func endedJobs(of repository: RepositoryID? = nil, limit: Int) async throws -> [Job] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM jobs WHERE state IN ('done', 'failed', 'cancelled')
                        AND (?1 IS NULL OR namespace = ?1 AND name = ?2) ORDER BY updated_at DESC, id DESC LIMIT ?3
                    """, arguments: [repository?.namespace, repository?.name, limit]
            ).map { try Job(row: $0) }
        }
    }
}
