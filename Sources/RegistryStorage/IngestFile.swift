import Glibc
package import RegistryCore

/// A file on its way in: written in order, hashed while it is written, published or quarantined at the end.
///
/// Its bytes lie in `ingest/<key>.part` under a name made of what upstream announced, so that a fetch that was
/// interrupted goes on where it stopped, even in another process. Used by one thread at a time; every call blocks.
package final class IngestFile: @unchecked Sendable {
    /// How errors call it: `google/gemma-3-1b-it@dcc83ea/model.safetensors`.
    private let label: String
    private let store: BlobStore
    private let key: String
    private let path: String
    private let size: Int64
    private let descriptor: Int32
    private var digests: ContentDigests
    private var verified: SHA256Digest?

    /// Opens the part, and hashes what an earlier attempt left in it.
    init(store: BlobStore, key: String, label: String, size: Int64) throws(StorageError) {
        self.store = store
        self.key = key
        self.label = label
        self.size = size
        path = "\(store.layout.ingest)/\(key).part"
        descriptor = try check("open", path, open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600))
        digests = ContentDigests(size: size)
        if (PosixFile.size(path) ?? 0) > size {
            try restart()
        } else {
            try PosixFile.readAll(descriptor, path: path, each: digests.update)
            try check("seek", path, lseek(descriptor, 0, SEEK_END))
        }
    }

    deinit { close(descriptor) }

    /// Bytes that are here already; the next byte wanted has this offset.
    package var offset: Int64 { digests.count }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        verified = nil
        try PosixFile.writeAll(descriptor, bytes, path: path)
        digests.update(bytes)
    }

    /// Forgets what is here: upstream sends the file from its start again.
    package func restart() throws(StorageError) {
        verified = nil
        try check("truncate", path, ftruncate(descriptor, 0))
        try check("seek", path, lseek(descriptor, 0, SEEK_SET))
        digests = ContentDigests(size: size)
    }

    /// Checks size and digests, of the stream and once more of what is on disk.
    ///
    /// - Parameters: what upstream announced; at least one of the two.
    /// - Returns: the content's SHA-256.
    /// - Throws: ``StorageError/mismatch``, with the file in `quarantine/`.
    package func verify(
        expecting sha256: SHA256Digest?, gitObject: GitObjectID?
    ) throws(StorageError) -> SHA256Digest {
        guard offset == size else { throw try quarantine("\(size) bytes", "\(offset) bytes") }
        let streamed = digests.finish()
        if let sha256, sha256 != streamed.sha256 { throw try quarantine("\(sha256)", "\(streamed.sha256)") }
        if let gitObject, gitObject != streamed.gitObject {
            throw try quarantine("\(gitObject)", streamed.gitObject.map { "\($0)" } ?? "nothing")
        }

        // What was hashed went through a socket buffer; what will be served lies on the disk (reliability C15).
        let onDisk = ContentDigests(size: nil)
        try PosixFile.readAll(descriptor, path: path, each: onDisk.update)
        let stored = onDisk.finish().sha256
        guard stored == streamed.sha256 else { throw try quarantine("\(streamed.sha256)", "\(stored) on disk") }
        verified = stored
        return stored
    }

    /// Makes the verified file a blob. A file that was not verified cannot be published.
    package func publish() throws(StorageError) {
        guard let verified else { throw .failed(operation: "publish unverified", path: path, errno: EPERM) }
        try store.publish(part: path, descriptor: descriptor, as: verified)
    }

    private func quarantine(_ expected: String, _ got: String) throws(StorageError) -> StorageError {
        let kept = "\(key)-\(Timestamp.now.text.replacing(":", with: ""))"
        // One of a kind is enough to look at; a nightly retry must not fill the disk.
        for former in PosixFile.entries(of: store.layout.quarantine) where former.hasPrefix(key) {
            unlink("\(store.layout.quarantine)/\(former)")
        }
        try check("rename", path, rename(path, "\(store.layout.quarantine)/\(kept)"))
        try PosixFile.syncFolder(store.layout.quarantine)
        return .mismatch(file: label, expected: expected, got: got, kept: "quarantine/\(kept)")
    }
}
