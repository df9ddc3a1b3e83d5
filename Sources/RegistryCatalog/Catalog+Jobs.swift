import GRDB
package import RegistryCore

/// Work under way, as rows: a page can show it, and a restart knows what was cut off.
package struct Job: Sendable, Codable {
    package enum State: String, Sendable, Codable {
        case queued, running, done, failed, cancelled
    }

    package enum Kind: String, Sendable, Codable {
        case mirror
        /// The smoke test alone, of what is here.
        case retest
    }

    package let id: Int64
    package let kind: Kind
    package let repository: RepositoryID
    package let revision: String
    package let state: State
    /// What it is doing, or how it ended.
    package let message: String
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package var isActive: Bool { state == .queued || state == .running }
}

extension Catalog {
    package func beginJob(mirroring repository: RepositoryID, at revision: Revision) async throws -> Int64 {
        try await beginJob(.mirror, repository, revision.name)
    }

    package func beginJob(testing snapshot: SnapshotRecord) async throws -> Int64 {
        try await beginJob(.retest, snapshot.repository, snapshot.commit.hex)
    }

    private func beginJob(_ kind: Job.Kind, _ repository: RepositoryID, _ revision: String) async throws -> Int64 {
        try await write { database in
            let now = Timestamp.now.text
            try database.execute(
                sql: """
                    INSERT INTO jobs (kind, namespace, name, revision, state, message, created_at, updated_at)
                    VALUES (?, ?, ?, ?, 'queued', 'waiting for its turn', ?, ?)
                    """,
                arguments: [kind.rawValue, repository.namespace, repository.name, revision, now, now])
            return database.lastInsertedRowID
        }
    }

    package func updateJob(_ id: Int64, to state: Job.State, _ message: String) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE jobs SET state = ?, message = ?, updated_at = ? WHERE id = ?",
                arguments: [state.rawValue, message, Timestamp.now.text, id])
        }
    }

    /// Called by a new owner of the storage: nothing can be running any more.
    package func failInterruptedJobs() async throws {
        try await write { database in
            try database.execute(
                sql: """
                    UPDATE jobs SET state = 'failed', message = 'interrupted: the process that ran it has ended',
                        updated_at = ? WHERE state IN ('queued', 'running')
                    """, arguments: [Timestamp.now.text])
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

    /// Queued and running jobs, oldest first.
    package func activeJobs() async throws -> [Job] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY id")
                .map { try Job(row: $0) }
        }
    }
}

extension Job {
    fileprivate init(row: Row) throws {
        id = row["id"]
        kind = Kind(rawValue: row["kind"]) ?? .mirror
        repository = try RepositoryID("\(row["namespace"] as String)/\(row["name"] as String)")
        revision = row["revision"]
        state = State(rawValue: row["state"]) ?? .failed
        message = row["message"]
        createdAt = try Timestamp(column: row["created_at"])
        updatedAt = try Timestamp(column: row["updated_at"])
    }
}
