CREATE TABLE audit_entries (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE TABLE bases (
    base TEXT PRIMARY KEY CHECK (base <> ''),
    is_watched INTEGER NOT NULL CHECK (is_watched IN (0, 1)),
    listed_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
    size INTEGER NOT NULL CHECK (size >= 0),
    verified_at TEXT NOT NULL,
    removed_at TEXT
, scrubbed_at TEXT, damaged_at TEXT, damage TEXT CHECK ((damage IS NULL) = (damaged_at IS NULL)), repair TEXT, repair_at TEXT) STRICT, WITHOUT ROWID;

CREATE INDEX blobs_damaged ON blobs (digest) WHERE damaged_at IS NOT NULL;

CREATE TABLE changes (
    snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
    since TEXT NOT NULL CHECK (length(since) = 40),
    report TEXT NOT NULL CHECK (report <> ''),
    made_at TEXT NOT NULL
) STRICT;

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
, again INTEGER NOT NULL DEFAULT 0 CHECK (again IN (0, 1))) STRICT;

CREATE INDEX jobs_by_repository ON jobs (namespace, name, id);

CREATE INDEX jobs_by_state ON jobs (state, id);

CREATE TABLE origins (
    repository TEXT PRIMARY KEY CHECK (repository <> ''),
    upstream_id TEXT,
    author TEXT,
    -- why nothing more is fetched until a person has looked
    attention TEXT CHECK (attention <> ''),
    attention_at TEXT,
    seen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pins (
    snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id),
    reason TEXT NOT NULL,
    pinned_at TEXT NOT NULL
) STRICT;

CREATE TABLE pulls (
    snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
    consumer_id INTEGER NOT NULL REFERENCES consumers (id),
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    completed_at TEXT,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (snapshot_id, consumer_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE refs (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    name TEXT NOT NULL CHECK (name <> ''),
    snapshot_id INTEGER NOT NULL REFERENCES snapshots (id),
    since TEXT NOT NULL,
    PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX refs_by_snapshot ON refs (snapshot_id);

CREATE TABLE repositories (
    id INTEGER PRIMARY KEY,
    namespace TEXT NOT NULL CHECK (namespace <> ''),
    name TEXT NOT NULL CHECK (name <> ''),
    created_at TEXT NOT NULL,
    UNIQUE (namespace, name)
) STRICT;

CREATE TABLE revocations (
    snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id),
    reason TEXT NOT NULL CHECK (reason <> ''),
    revoked_at TEXT NOT NULL
) STRICT;

CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    commit_id TEXT NOT NULL CHECK (length(commit_id) = 40),
    manifest TEXT CHECK (length(manifest) = 64),
    upstream TEXT NOT NULL,
    card TEXT NOT NULL CHECK (card <> ''),
    left_out TEXT NOT NULL CHECK (left_out <> ''),
    created_at TEXT NOT NULL,
    promoted_at TEXT CHECK (promoted_at IS NULL OR manifest IS NOT NULL), expired_at TEXT, expiry TEXT CHECK ((expiry IS NULL) = (expired_at IS NULL)),
    UNIQUE (repository_id, commit_id)
) STRICT;

CREATE TABLE syncs (
    id INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    summary TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
    digest TEXT PRIMARY KEY CHECK (length(digest) = 64),
    consumer_id INTEGER NOT NULL REFERENCES consumers (id),
    label TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT, WITHOUT ROWID;

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

CREATE TABLE trials (
    snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
    identity TEXT NOT NULL CHECK (length(identity) IN (0, 64)),
    report TEXT NOT NULL CHECK (report <> ''),
    made_at TEXT NOT NULL
) STRICT;

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
