import GRDB

/// The schema's history. A migration that has shipped never changes; the newest state stands in `Storage/schema.sql`.
enum Migrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first light") { try $0.execute(sql: firstLight) }
        migrator.registerMigration("2 trials") { try $0.execute(sql: trials) }
        migrator.registerMigration("3 jobs") { try $0.execute(sql: jobs) }
        migrator.registerMigration("4 variants") { try $0.execute(sql: variants) }
        migrator.registerMigration("5 follow") { try $0.execute(sql: follow) }
        migrator.registerMigration("6 hygiene") { try $0.execute(sql: hygiene) }
        migrator.registerMigration("7 again") { try $0.execute(sql: again) }
        return migrator
    }

    // Moments are UTC text as in RegistryCore.Timestamp, digests lower-case hex. CHECKs repeat what the Swift types
    // promise: trust SQLite more than ourselves.
    private static let firstLight = """
        CREATE TABLE repositories (
            id INTEGER PRIMARY KEY,
            namespace TEXT NOT NULL CHECK (namespace <> ''),
            name TEXT NOT NULL CHECK (name <> ''),
            created_at TEXT NOT NULL,
            UNIQUE (namespace, name)
        ) STRICT;

        -- One repository at one commit. manifest is null where the bytes never matched what upstream announced.
        CREATE TABLE snapshots (
            id INTEGER PRIMARY KEY,
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            commit_id TEXT NOT NULL CHECK (length(commit_id) = 40),
            manifest TEXT CHECK (length(manifest) = 64),
            upstream TEXT NOT NULL,
            card TEXT NOT NULL CHECK (card <> ''),
            left_out TEXT NOT NULL CHECK (left_out <> ''),
            created_at TEXT NOT NULL,
            promoted_at TEXT CHECK (promoted_at IS NULL OR manifest IS NOT NULL),
            UNIQUE (repository_id, commit_id)
        ) STRICT;

        -- Bytes that were verified here. removed_at: known, but no longer kept.
        CREATE TABLE blobs (
            digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
            size INTEGER NOT NULL CHECK (size >= 0),
            verified_at TEXT NOT NULL,
            removed_at TEXT
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE file_entries (
            snapshot_id INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            path TEXT NOT NULL CHECK (path <> ''),
            -- as upstream's tree has it: of the content, for an LFS file of its pointer
            git_object TEXT NOT NULL CHECK (length(git_object) = 40),
            is_lfs INTEGER NOT NULL CHECK (is_lfs IN (0, 1)),
            digest TEXT NOT NULL REFERENCES blobs (digest),
            PRIMARY KEY (snapshot_id, path)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX file_entries_by_digest ON file_entries (digest);

        -- What main (or a tag) means here; moves only by promotion.
        CREATE TABLE refs (
            repository_id INTEGER NOT NULL REFERENCES repositories (id),
            name TEXT NOT NULL CHECK (name <> ''),
            snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
            since TEXT NOT NULL,
            PRIMARY KEY (repository_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX refs_by_snapshot ON refs (snapshot_id);

        CREATE TABLE evidence (
            id INTEGER PRIMARY KEY,
            snapshot_id INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('verification', 'inspection', 'smoke-test')),
            outcome TEXT NOT NULL CHECK (outcome IN ('passed', 'warned', 'failed', 'unsupported')),
            manifest TEXT CHECK (length(manifest) = 64),
            report TEXT NOT NULL CHECK (report <> ''),
            made_at TEXT NOT NULL,
            CHECK (manifest IS NOT NULL OR outcome = 'failed')
        ) STRICT;
        CREATE INDEX evidence_by_snapshot ON evidence (snapshot_id, kind, id);

        CREATE TABLE decisions (
            id INTEGER PRIMARY KEY,
            snapshot_id INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
            outcome TEXT NOT NULL CHECK (outcome IN ('admit', 'hold', 'refuse')),
            policy TEXT NOT NULL CHECK (length(policy) = 64),
            manifest TEXT CHECK (length(manifest) = 64),
            report TEXT NOT NULL CHECK (report <> ''),
            made_at TEXT NOT NULL,
            CHECK (manifest IS NOT NULL OR outcome <> 'admit')
        ) STRICT;
        CREATE INDEX decisions_by_snapshot ON decisions (snapshot_id, id);

        CREATE TABLE revocations (
            snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id),
            reason TEXT NOT NULL CHECK (reason <> ''),
            revoked_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('mirror')),
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            revision TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
            message TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX jobs_by_repository ON jobs (namespace, name, id);

        -- Who a token stands for; an anonymous consumer stands for an address.
        CREATE TABLE consumers (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('token', 'anonymous')),
            team TEXT NOT NULL CHECK (team <> ''),
            environment TEXT NOT NULL CHECK (environment IN ('production', 'experiment', 'ci', 'unknown')),
            sector TEXT NOT NULL,
            use_case TEXT NOT NULL,
            created_at TEXT NOT NULL,
            UNIQUE (kind, team, environment, sector, use_case)
        ) STRICT;

        -- Tokens by the SHA-256 of their text; the text itself is kept nowhere.
        CREATE TABLE tokens (
            digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
            consumer_id INTEGER NOT NULL REFERENCES consumers (id),
            label TEXT NOT NULL,
            created_at TEXT NOT NULL,
            revoked_at TEXT
        ) STRICT, WITHOUT ROWID;

        -- Every answer that carried, or would have carried, a file's bytes.
        CREATE TABLE transfers (
            id INTEGER PRIMARY KEY,
            consumer_id INTEGER NOT NULL REFERENCES consumers (id),
            snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
            path TEXT NOT NULL,
            outcome TEXT NOT NULL CHECK (outcome IN ('complete', 'partial', 'aborted', 'head')),
            start INTEGER NOT NULL CHECK (start >= 0),
            sent INTEGER NOT NULL CHECK (sent >= 0),
            agent TEXT NOT NULL,
            ended_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX transfers_by_pull ON transfers (snapshot_id, consumer_id, path);

        -- One consumer fetching one snapshot; completed_at once every weight file has been delivered whole.
        CREATE TABLE pulls (
            snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
            consumer_id INTEGER NOT NULL REFERENCES consumers (id),
            first_at TEXT NOT NULL,
            last_at TEXT NOT NULL,
            completed_at TEXT,
            bytes INTEGER NOT NULL CHECK (bytes >= 0),
            PRIMARY KEY (snapshot_id, consumer_id)
        ) STRICT, WITHOUT ROWID;

        -- A model seen on a host by a scan. snapshot_id is null where no snapshot here has these weights.
        CREATE TABLE deployments (
            id INTEGER PRIMARY KEY,
            host TEXT NOT NULL CHECK (host <> ''),
            path TEXT NOT NULL,
            claimed_repository TEXT NOT NULL,
            claimed_commit TEXT NOT NULL,
            weights TEXT NOT NULL CHECK (length(weights) = 64),
            snapshot_id INTEGER REFERENCES snapshots (id),
            size INTEGER NOT NULL CHECK (size >= 0),
            consumer_id INTEGER NOT NULL REFERENCES consumers (id),
            first_seen_at TEXT NOT NULL,
            last_seen_at TEXT NOT NULL,
            gone_at TEXT,
            UNIQUE (host, path)
        ) STRICT;
        CREATE INDEX deployments_by_snapshot ON deployments (snapshot_id);

        CREATE TABLE audit_entries (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        """

    // SQLite cannot change a CHECK: the table is made anew.
    private static let trials = """
        ALTER TABLE jobs RENAME TO jobs_before;
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('mirror', 'retest')),
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            revision TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
            message TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        INSERT INTO jobs SELECT * FROM jobs_before;
        DROP TABLE jobs_before;
        CREATE INDEX jobs_by_repository ON jobs (namespace, name, id);

        -- Smoke tests under rules that are not in force yet; they become evidence all together. The newest of each
        -- snapshot; identity is RegistryCore.TestIdentity's digest, empty where the rules have no probe for the model.
        CREATE TABLE trials (
            snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
            identity TEXT NOT NULL CHECK (length(identity) IN (0, 64)),
            report TEXT NOT NULL CHECK (report <> ''),
            made_at TEXT NOT NULL
        ) STRICT;
        """
}
