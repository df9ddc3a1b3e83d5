extension Migrations {
    static let hygiene = """
        -- Last hashed at rest; since when its bytes here are not right, and what became of fetching them again.
        ALTER TABLE blobs ADD COLUMN scrubbed_at TEXT;
        ALTER TABLE blobs ADD COLUMN damaged_at TEXT;
        ALTER TABLE blobs ADD COLUMN damage TEXT CHECK ((damage IS NULL) = (damaged_at IS NULL));
        ALTER TABLE blobs ADD COLUMN repair TEXT;
        ALTER TABLE blobs ADD COLUMN repair_at TEXT;
        CREATE INDEX blobs_damaged ON blobs (digest) WHERE damaged_at IS NOT NULL;

        -- Let go of by retention: the rows stay, blobs that nothing else names do not.
        ALTER TABLE snapshots ADD COLUMN expired_at TEXT;
        ALTER TABLE snapshots ADD COLUMN expiry TEXT CHECK ((expiry IS NULL) = (expired_at IS NULL));

        -- Snapshots that retention never lets go of.
        CREATE TABLE pins (
            snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id),
            reason TEXT NOT NULL,
            pinned_at TEXT NOT NULL
        ) STRICT;
        """
}
