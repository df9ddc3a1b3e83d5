extension Migrations {
    static let variants = """
        -- What upstream's listing says of models that call another one their base. Claims, none of it proven.
        CREATE TABLE variants (
            base TEXT NOT NULL CHECK (base <> ''),
            repository TEXT NOT NULL CHECK (repository <> ''),
            relation TEXT CHECK (relation IN ('finetune', 'adapter', 'quantized', 'merge')),
            downloads INTEGER NOT NULL CHECK (downloads >= 0),
            likes INTEGER NOT NULL CHECK (likes >= 0),
            licence TEXT,
            size INTEGER CHECK (size >= 0),
            formats TEXT NOT NULL,
            gated TEXT NOT NULL CHECK (gated IN ('open', 'automatic', 'manual')),
            updated_at TEXT,
            children INTEGER CHECK (children >= 0),
            first_seen_at TEXT NOT NULL,
            seen_at TEXT NOT NULL,
            -- not in the last listing any more
            gone_at TEXT,
            PRIMARY KEY (base, repository)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX variants_by_repository ON variants (repository);

        -- Models whose variants were listed; is_watched: sync lists them again.
        CREATE TABLE bases (
            base TEXT PRIMARY KEY CHECK (base <> ''),
            is_watched INTEGER NOT NULL CHECK (is_watched IN (0, 1)),
            listed_at TEXT
        ) STRICT, WITHOUT ROWID;
        """
}
