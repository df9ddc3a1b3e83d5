import GRDB
package import RegistryCore

/// Who upstream said a repository is. A name can be deleted and given to somebody else (reliability B1).
package struct Origin: Sendable, Codable, Equatable {
    package let upstreamID: String?
    package let author: String?
    /// Why nothing more is fetched until a person has looked; nil where all is well.
    package var attention: String?

    package init(upstreamID: String?, author: String?, attention: String? = nil) {
        self.upstreamID = upstreamID
        self.author = author
        self.attention = attention
    }
}

/// A round of ``lapidary sync``.
package struct SyncRound: Sendable, Codable, Equatable {
    package let startedAt: Timestamp
    package let endedAt: Timestamp?
    package let summary: String
}

extension Catalog {
    package func origin(of repository: RepositoryID) async throws -> Origin? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM origins WHERE repository = ?", arguments: [repository.description]
            ).map { Origin(upstreamID: $0["upstream_id"], author: $0["author"], attention: $0["attention"]) }
        }
    }

    /// Every repository that waits for a person, with the reason.
    package func attentions() async throws -> [RepositoryID: String] {
        try await read { database in
            let rows = try Row.fetchAll(
                database, sql: "SELECT repository, attention FROM origins WHERE attention IS NOT NULL")
            return Dictionary(
                try rows.map { (try RepositoryID($0["repository"]), $0["attention"] as String) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    /// Remembers who a repository is; what was known already stays.
    package func record(_ origin: Origin, of repository: RepositoryID) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO origins (repository, upstream_id, author, seen_at) VALUES (?, ?, ?, ?)
                    ON CONFLICT (repository) DO UPDATE SET upstream_id = ifnull(upstream_id, excluded.upstream_id),
                        author = ifnull(author, excluded.author), seen_at = excluded.seen_at
                    """,
                arguments: [repository.description, origin.upstreamID, origin.author, Timestamp.now.text])
        }
    }

    /// Stops for a person.
    package func stop(_ repository: RepositoryID, _ reason: String) async throws {
        try await write { database in
            let now = Timestamp.now.text
            try database.execute(
                sql: """
                    INSERT INTO origins (repository, attention, attention_at, seen_at) VALUES (?1, ?2, ?3, ?3)
                    ON CONFLICT (repository) DO UPDATE SET attention = ?2, attention_at = ?3
                    """, arguments: [repository.description, reason, now])
            try Self.audit(
                database, actor: "sync", action: "stop", subject: repository.description, detail: reason)
        }
    }

    /// A person has looked: who the repository is is learned anew at the next look.
    /// - Returns: false where nothing waited.
    package func accept(_ repository: RepositoryID, reason: String) async throws -> Bool {
        try await write { database in
            try database.execute(
                sql: "DELETE FROM origins WHERE repository = ? AND attention IS NOT NULL",
                arguments: [repository.description])
            guard database.changesCount > 0 else { return false }
            try Self.audit(
                database, actor: "operator", action: "accept", subject: repository.description, detail: reason)
            return true
        }
    }

    /// Remembers what was different in a snapshot from what main meant.
    package func record(change lines: [String], in snapshot: Int64, since commit: CommitID) async throws {
        try await write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO changes (snapshot_id, since, report, made_at) VALUES (?, ?, ?, ?)",
                arguments: [snapshot, commit.hex, try JSONColumn.text(lines), Timestamp.now.text])
        }
    }

    /// What was different in a snapshot, and since which commit; nil where nothing was compared.
    package func change(in snapshot: Int64) async throws -> (since: CommitID, lines: [String])? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM changes WHERE snapshot_id = ?", arguments: [snapshot]).map {
                (try CommitID($0["since"]), try JSONColumn.value($0["report"]))
            }
        }
    }

    package func beginSync() async throws -> Int64 {
        try await write { database in
            try database.execute(
                sql: "INSERT INTO syncs (started_at, summary) VALUES (?, 'under way')", arguments: [Timestamp.now.text])
            return database.lastInsertedRowID
        }
    }

    package func endSync(_ id: Int64, _ summary: String) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE syncs SET ended_at = ?, summary = ? WHERE id = ?",
                arguments: [Timestamp.now.text, summary, id])
        }
    }

    /// The newest round that came to its end: one that was cut off has yet to be done.
    package func lastSync() async throws -> SyncRound? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM syncs WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT 1"
            ).map {
                SyncRound(
                    startedAt: try Timestamp(column: $0["started_at"]),
                    endedAt: try ($0["ended_at"] as String?).map(Timestamp.init(column:)), summary: $0["summary"])
            }
        }
    }
}
