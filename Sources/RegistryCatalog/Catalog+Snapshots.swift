import GRDB
package import RegistryCore

/// Snapshots, their files, what was found out about them, and what they are called.
extension Catalog {
    /// Records a snapshot whose blobs are all durable, or whose bytes were refused (then without entries). A second
    /// call for the same commit adds its evidence, and replaces its files.
    package func record(
        _ repository: RepositoryID, commit: CommitID, upstream: String, card: ModelCard, leftOut: [LeftOutFile],
        manifest: Manifest?, evidence: [Evidence]
    ) async throws -> SnapshotRecord {
        try await write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO repositories (namespace, name, created_at) VALUES (?, ?, ?)",
                arguments: [repository.namespace, repository.name, Timestamp.now.text])
            try database.execute(
                sql: """
                    INSERT INTO snapshots (repository_id, commit_id, manifest, upstream, card, left_out, created_at)
                    VALUES ((SELECT id FROM repositories WHERE namespace = ? AND name = ?), ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (repository_id, commit_id) DO UPDATE
                    SET manifest = ifnull(excluded.manifest, manifest), upstream = excluded.upstream,
                        card = excluded.card, left_out = excluded.left_out,
                        expired_at = iif(excluded.manifest IS NULL, expired_at, NULL),
                        expiry = iif(excluded.manifest IS NULL, expiry, NULL)
                    """,
                arguments: [
                    repository.namespace, repository.name, commit.hex, manifest?.digest.hex, upstream,
                    try JSONColumn.text(card), try JSONColumn.text(leftOut), Timestamp.now.text,
                ])
            guard let snapshot = try Self.snapshot(database, repository, commit) else {
                throw CatalogError.failed(path: "registry.sqlite", reason: "\(repository)@\(commit) vanished")
            }
            if let manifest { try Self.insert(manifest, into: snapshot.id, database) }
            for evidence in evidence { try Self.insert(evidence, into: snapshot.id, database) }
            return try Self.snapshot(database, repository, commit) ?? snapshot
        }
    }

    private static func insert(_ manifest: Manifest, into snapshot: Int64, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM file_entries WHERE snapshot_id = ?", arguments: [snapshot])
        for entry in manifest.entries {
            try database.execute(
                sql: """
                    INSERT INTO blobs (digest, size, verified_at) VALUES (?, ?, ?)
                    ON CONFLICT (digest) DO UPDATE
                    SET verified_at = iif(removed_at IS NULL, verified_at, excluded.verified_at), removed_at = NULL
                    """, arguments: [entry.digest.hex, entry.size, Timestamp.now.text])
            try database.execute(
                sql: "INSERT INTO file_entries (snapshot_id, path, git_object, is_lfs, digest) VALUES (?, ?, ?, ?, ?)",
                arguments: [snapshot, entry.path.text, entry.gitObject.hex, entry.isLFS, entry.digest.hex])
        }
    }

    package func append(_ evidence: Evidence, to snapshot: Int64) async throws {
        try await write { try Self.insert(evidence, into: snapshot, $0) }
    }

    static func insert(_ evidence: Evidence, into snapshot: Int64, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO evidence (snapshot_id, kind, outcome, manifest, report, made_at) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                snapshot, evidence.kind.rawValue, evidence.outcome.rawValue, evidence.manifest?.hex,
                try JSONColumn.text(evidence), evidence.madeAt.text,
            ])
    }

    static func insert(_ decision: Decision, of snapshot: Int64, at moment: String, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO decisions (snapshot_id, outcome, policy, manifest, report, made_at)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                snapshot, decision.outcome.rawValue, decision.policy.hex, decision.manifest?.hex,
                try JSONColumn.text(decision), moment,
            ])
    }

    /// The decision and what follows from it, in one transaction: an admitted snapshot becomes `main` (and `ref`,
    /// where the revision has another name); either way an audit entry says so.
    /// - Parameter promoting: the names that shall mean this snapshot; none leaves all names where they are.
    package func decide(_ decision: Decision, on snapshot: SnapshotRecord, promoting refs: [String]) async throws {
        try await write { database in
            let now = Timestamp.now.text
            try Self.insert(decision, of: snapshot.id, at: now, database)
            if decision.outcome == .admit {
                try database.execute(
                    sql: "UPDATE snapshots SET promoted_at = ifnull(promoted_at, ?) WHERE id = ?",
                    arguments: [now, snapshot.id])
                for ref in refs {
                    try database.execute(
                        sql: """
                            INSERT INTO refs (repository_id, name, snapshot_id, since)
                            SELECT repository_id, ?, id, ? FROM snapshots WHERE id = ?
                            ON CONFLICT (repository_id, name)
                            DO UPDATE SET since = iif(snapshot_id = excluded.snapshot_id, since, excluded.since),
                                snapshot_id = excluded.snapshot_id
                            """, arguments: [ref, now, snapshot.id])
                }
            }
            try Self.audit(
                database, actor: "policy \(decision.policy.hex.prefix(12))", action: decision.outcome.rawValue,
                subject: "\(snapshot.repository)@\(snapshot.commit)", detail: decision.reason?.message ?? "")
        }
    }

    /// Blobs that only refused snapshots name: their bytes need not be kept. The rows stay, marked as removed.
    package func releaseBlobs(of snapshot: SnapshotRecord) async throws -> [SHA256Digest] {
        try await write { database in
            let digests = try String.fetchAll(
                database,
                sql: """
                    SELECT DISTINCT digest FROM file_entries AS mine WHERE snapshot_id = ?1 AND NOT EXISTS (
                        SELECT 1 FROM file_entries AS other
                        WHERE other.digest = mine.digest AND other.snapshot_id <> ?1
                            AND ifnull((SELECT outcome FROM decisions WHERE decisions.snapshot_id = other.snapshot_id
                                        ORDER BY decisions.id DESC LIMIT 1), 'undecided') <> 'refuse')
                    """, arguments: [snapshot.id])
            for digest in digests {
                try database.execute(
                    sql: "UPDATE blobs SET removed_at = ? WHERE digest = ?", arguments: [Timestamp.now.text, digest])
            }
            return try digests.map { try SHA256Digest($0) }
        }
    }

    /// The snapshot that a name or a commit means here, whether or not it may be served.
    package func snapshot(_ repository: RepositoryID, _ revision: Revision) async throws -> SnapshotRecord? {
        try await read { database in
            if let commit = revision.commit, let snapshot = try Self.snapshot(database, repository, commit) {
                return snapshot
            }
            let named = try SnapshotRecord.fetch(
                database,
                where: """
                    snapshots.id = (SELECT snapshot_id FROM refs WHERE repository_id = repositories.id
                        AND refs.name = ?) AND namespace = ? AND repositories.name = ?
                    """, [revision.branchOrTag, repository.namespace, repository.name]
            ).first
            guard named == nil, revision.isShortCommit else { return named }
            let abbreviated = try SnapshotRecord.fetch(
                database, where: "namespace = ? AND name = ? AND substr(commit_id, 1, ?) = ?",
                [repository.namespace, repository.name, revision.name.utf8.count, revision.name])
            return abbreviated.count == 1 ? abbreviated[0] : nil
        }
    }

    private static func snapshot(
        _ database: Database, _ repository: RepositoryID, _ commit: CommitID
    ) throws -> SnapshotRecord? {
        try SnapshotRecord.fetch(
            database, where: "namespace = ? AND name = ? AND commit_id = ?",
            [repository.namespace, repository.name, commit.hex]
        ).first
    }

    /// Every snapshot, or every snapshot of one repository, newest first.
    package func snapshots(of repository: RepositoryID? = nil) async throws -> [SnapshotRecord] {
        try await read { database in
            guard let repository else { return try SnapshotRecord.fetch(database, where: "1", []) }
            return try SnapshotRecord.fetch(
                database, where: "namespace = ? AND name = ?", [repository.namespace, repository.name])
        }
    }

    /// A snapshot's files in byte order of their paths.
    package func files(of snapshot: Int64) async throws -> [FileEntry] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT path, size, git_object, is_lfs, digest FROM file_entries
                    JOIN blobs USING (digest) WHERE snapshot_id = ? ORDER BY path
                    """, arguments: [snapshot]
            ).map { try FileEntry(row: $0) }
        }
    }

    /// One file of a snapshot.
    package func file(_ path: RepositoryPath, of snapshot: Int64) async throws -> FileEntry? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT path, size, git_object, is_lfs, digest FROM file_entries
                    JOIN blobs USING (digest) WHERE snapshot_id = ? AND path = ?
                    """, arguments: [snapshot, path.text]
            ).map { try FileEntry(row: $0) }
        }
    }

    /// The blobs that this repository has had verified here and that are kept and not known to be damaged: by LFS digest,
    /// and by git object id for ordinary files. Another repository's blobs are none of its business: who announces a digest has yet to show
    /// that it has the bytes, or a public repository could claim, and get served, what only a gated one holds.
    ///
    /// - Parameter areKept: false for those that are not kept any more, whose bytes may lie in the trash.
    package func blobs(of repository: RepositoryID, areKept: Bool = true) async throws -> [FileEntry] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT path, size, git_object, is_lfs, digest FROM file_entries JOIN blobs USING (digest)
                    JOIN snapshots ON snapshots.id = snapshot_id JOIN repositories ON repositories.id = repository_id
                    WHERE namespace = ? AND name = ? AND (removed_at IS NULL) = ? AND damaged_at IS NULL
                    """, arguments: [repository.namespace, repository.name, areKept]
            ).map { try FileEntry(row: $0) }
        }
    }
}

extension FileEntry {
    init(row: Row) throws {
        self.init(
            path: try RepositoryPath(row["path"]), size: row["size"], gitObject: try GitObjectID(row["git_object"]),
            isLFS: row["is_lfs"], digest: try SHA256Digest(row["digest"]))
    }
}
