import Glibc
package import RegistryCore

/// Bytes by their SHA-256. A blob appears by rename, complete and checked, and never changes.
///
/// Every call blocks on the disk: call it through `blocking`.
package struct BlobStore: Sendable {
    package let layout: StorageLayout

    /// Makes the folders where they are missing, and brings what a crash may have left to a known state: see
    /// ``settle()`` and ``sweep()``.
    package init(layout: StorageLayout) throws(StorageError) {
        self.layout = layout
        try PosixFile.makeFolder(layout.root)
        for folder in [layout.blobParent, layout.blobs, layout.ingest, layout.quarantine] {
            try PosixFile.makeFolderUnsynced(folder)
        }
        try PosixFile.makeFolderUnsynced(layout.keys, mode: 0o700)
        try settle()
        sweep()
    }

    package func contains(_ digest: SHA256Digest) -> Bool { size(of: digest) != nil }

    /// Bytes of a blob; nil where it is not here.
    package func size(of digest: SHA256Digest) -> Int64? { PosixFile.size(layout.blob(digest)) }

    /// Where a blob's bytes lie.
    package func path(of digest: SHA256Digest) throws(StorageError) -> String {
        guard contains(digest) else { throw .missing(digest) }
        return layout.blob(digest)
    }

    /// Opens a part for a file that upstream announced; the same announcement finds the same part again.
    ///
    /// - Parameter repository: whose file it is. Two that announce the same digest never share a part: who announces a
    ///   digest has yet to show that it has the bytes.
    package func ingest(
        _ label: String, of repository: String, size: Int64, sha256: SHA256Digest?, gitObject: GitObjectID
    ) throws(StorageError) -> IngestFile {
        try IngestFile(
            store: self, key: Self.key(repository, sha256, gitObject), label: label, size: size,
            // A file in LFS is announced by its SHA-256; the git id is its pointer's, so SHA-1 would cost for nothing.
            hasGitObject: sha256 == nil)
    }

    /// Removes what an attempt left of a file.
    package func discardPart(of repository: String, sha256: SHA256Digest?, gitObject: GitObjectID) {
        let key = Self.key(repository, sha256, gitObject)
        unlink(layout.ranges(key))
        unlink(layout.part(key))
    }

    /// Bytes of a file that an attempt which was cut off has left on record.
    package func countInPart(
        of repository: String, size: Int64, sha256: SHA256Digest?, gitObject: GitObjectID
    ) -> Int64 {
        let key = Self.key(repository, sha256, gitObject)
        if PosixFile.isProven(layout.part(key)), PosixFile.size(layout.part(key)) == size { return size }
        return PartRecord.read(layout.ranges(key), size: size)?.ranges?.count ?? 0
    }

    private static func key(_ repository: String, _ sha256: SHA256Digest?, _ gitObject: GitObjectID) -> String {
        let owner = ContentDigests.sha256(of: Array(repository.utf8)).hex.prefix(16)
        return "\(owner)-" + (sha256.map { "sha256-\($0.hex)" } ?? "git-\(gitObject.hex)")
    }

    /// Throws ``StorageError/full(root:needed:free:)`` unless that many bytes fit beside the reserve.
    package func requireSpace(for bytes: Int64) throws(StorageError) {
        let room = try room()
        guard bytes <= room else { throw .full(root: layout.root, needed: bytes, free: max(0, room)) }
    }

    /// Takes a blob away, if it is here. Call after the rows that pointed at it are gone. Not synced: what a power cut
    /// brings back is garbage as before, and collected as that.
    package func remove(_ digest: SHA256Digest) throws(StorageError) {
        let path = layout.blob(digest)
        guard unlink(path) == 0 else {
            if errno == ENOENT { return }
            throw .failed(operation: "unlink", path: path, errno: errno)
        }
    }

    /// A folder in which a snapshot's files carry their own names, for the smoke test: a new one at every call, so that
    /// two tests of the same bytes do not meet. Remove it with ``removeView(_:)``; where it cannot be made whole,
    /// nothing of it stays.
    package func makeView(of manifest: Manifest) throws(StorageError) -> String {
        let folder = "\(layout.ingest)/view-\(manifest.digest.hex.prefix(16))-\(Self.randomName())"
        do {
            for entry in manifest.entries {
                let path = "\(folder)/\(entry.path)"
                try PosixFile.makeFleetingFolder(PosixFile.folder(of: path))
                try check("link", path, link(try self.path(of: entry.digest), path))
            }
        } catch {
            PosixFile.removeTree(folder)
            throw error
        }
        return folder
    }

    private static func randomName() -> String {
        (0..<8).map { _ in UInt8.random(in: .min ... .max) }.hex
    }

    package func removeView(_ folder: String) { PosixFile.removeTree(folder) }
}
