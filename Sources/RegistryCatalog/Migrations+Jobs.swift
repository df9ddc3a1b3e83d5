extension Migrations {
    // Whether the job fetches and tests anew what was decided on before: who takes it up after a crash has to know.
    static let again = "ALTER TABLE jobs ADD COLUMN again INTEGER NOT NULL DEFAULT 0 CHECK (again IN (0, 1))"

    // SQLite cannot change a CHECK: the table is made anew.
    static let jobs = """
        ALTER TABLE jobs RENAME TO jobs_before;
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('mirror', 'retest', 'import')),
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            revision TEXT NOT NULL,
            -- what it may move main to; see RegistryCatalog.Job.Promotion
            promotion TEXT NOT NULL CHECK (promotion IN ('always', 'if-new')),
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
            message TEXT NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            wait_until TEXT CHECK (wait_until IS NULL OR state = 'waiting'),
            -- bytes of the files that it fetches: here, and in all
            received INTEGER NOT NULL CHECK (received >= 0),
            total INTEGER NOT NULL CHECK (total >= 0),
            -- what was fetched over the network, and how long that took
            fetched INTEGER NOT NULL CHECK (fetched >= 0),
            fetch_seconds REAL NOT NULL CHECK (fetch_seconds >= 0),
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        INSERT INTO jobs
            SELECT id, kind, namespace, name, revision, 'always', state, message, 1, NULL, 0, 0, 0, 0.0,
                created_at, updated_at
            FROM jobs_before;
        DROP TABLE jobs_before;
        CREATE INDEX jobs_by_repository ON jobs (namespace, name, id);
        CREATE INDEX jobs_by_state ON jobs (state, id);
        """
}
