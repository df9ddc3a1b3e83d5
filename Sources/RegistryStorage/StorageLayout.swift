package import RegistryCore

/// Where things lie, drawn once:
///
/// ```
/// Storage/  blobs/sha256/ab/<hex>     0444, immutable: bytes named by their SHA-256
///           ingest/<key>.part         being fetched; a large one is resumed from here after a stop, as far as
///           ingest/<key>.ranges       says that its bytes are durable
///           ingest/view-<hex>/        a snapshot's files under their own names (hard links), while it is tested
///           quarantine/<key>-<time>   bytes that did not match what upstream announced, or went bad here (scrub-…)
///           trash/<hex>.<seconds>     blobs that nothing names any more, since when; gone for good a week later
///           keys/admin.token          0600: lets this machine's owner act through a running server
///           registry.sqlite (+ -wal, -shm)
///           registry.lock             held by the one owner process; says where its server listens
/// ```
///
/// Write order: temp file, fsync, rename, fsync the directory, then the database row, then what points at it.
/// Deletion runs the other way. A crash leaves the old state or the new, plus garbage that ``BlobStore`` sweeps.
package struct StorageLayout: Sendable {
    package let root: String

    package init(root: String) { self.root = root }

    package var database: String { "\(root)/registry.sqlite" }
    package var lock: String { "\(root)/registry.lock" }
    package var ingest: String { "\(root)/ingest" }
    package var quarantine: String { "\(root)/quarantine" }
    package var trash: String { "\(root)/trash" }
    package var keys: String { "\(root)/keys" }
    package var adminToken: String { "\(keys)/admin.token" }
    var blobParent: String { "\(root)/blobs" }
    var blobs: String { "\(blobParent)/sha256" }

    func part(_ key: String) -> String { "\(ingest)/\(key).part" }
    func ranges(_ key: String) -> String { "\(ingest)/\(key).ranges" }
    func blobFolder(of digest: SHA256Digest) -> String { "\(blobs)/\(digest.hex.prefix(2))" }
    package func blob(_ digest: SHA256Digest) -> String { "\(blobFolder(of: digest))/\(digest.hex)" }
}
