extension Migrations {
    static let follow = """
        -- Who upstream said a repository is when it was first seen here; see RegistryCatalog.Origin.
        CREATE TABLE origins (
            repository TEXT PRIMARY KEY CHECK (repository <> ''),
            upstream_id TEXT,
            author TEXT,
            -- why nothing more is fetched until a person has looked
            attention TEXT CHECK (attention <> ''),
            attention_at TEXT,
            seen_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- What was different in a snapshot from what main meant when it came.
        CREATE TABLE changes (
            snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
            since TEXT NOT NULL CHECK (length(since) = 40),
            report TEXT NOT NULL CHECK (report <> ''),
            made_at TEXT NOT NULL
        ) STRICT;

        CREATE TABLE syncs (
            id INTEGER PRIMARY KEY,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            summary TEXT NOT NULL
        ) STRICT;
        """
}
