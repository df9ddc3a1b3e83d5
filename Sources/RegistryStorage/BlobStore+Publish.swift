import CLinux
import Glibc
import RegistryCore
import Synchronization

extension BlobStore {
    /// More files than this are synced together.
    private static let fewFiles = 16

    /// Makes verified files blobs: sync, rename, fsync of the folders, in an order in which a crash can do no harm.
    ///
    /// - Throws: ``StorageError``; a file that was not verified cannot be published. What was not published stays a part.
    package func publish(_ files: [IngestFile]) throws(StorageError) {
        var named: [(file: IngestFile, digest: SHA256Digest)] = []
        for file in files {
            guard let digest = file.verified.withLock({ $0 }) else {
                throw .failed(operation: "publish unverified", path: file.path, errno: EPERM)
            }
            named.append((file, digest))
        }
        guard !named.isEmpty else { return }
        let folders = Set(named.map { layout.blobFolder(of: $0.digest) }).sorted()
        try PosixFile.makeFolders(folders, in: layout.blobs)
        if named.count > Self.fewFiles { try syncAll() } else { for (file, _) in named { try sync(file) } }
        for (file, digest) in named {
            try check("rename", file.path, rename(file.path, layout.blob(digest)))
            // Where both are names of one file, as after an import by link, rename does nothing at all.
            if file.isShared { unlink(file.path) }
        }
        for folder in folders { try PosixFile.syncFolder(folder) }
        for (file, _) in named where file.size > IngestFile.recorded { unlink(layout.ranges(file.key)) }
    }

    private func sync(_ file: IngestFile) throws(StorageError) {
        let descriptor = try check("open", file.path, open(file.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw file.lost(errno: errno) }
    }

    /// One sync of the whole file system: 5,000 small files cost one wait for the disk and not 5,000. Since Linux 5.8 it
    /// reports what could not be written since the descriptor was opened.
    private func syncAll() throws(StorageError) {
        let descriptor = try check("open", layout.ingest, open(layout.ingest, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        defer { close(descriptor) }
        try check("syncfs", layout.ingest, lapidary_sync_file_system(descriptor))
    }

    /// Moves a file that is not what it should be out of the way.
    /// - Returns: its name in `quarantine/`.
    func quarantine(_ path: String, as key: String) throws(StorageError) -> String {
        let kept = "\(key)-\(Timestamp.now.text.replacing(":", with: ""))"
        try check("rename", path, rename(path, "\(layout.quarantine)/\(kept)"))
        try PosixFile.syncFolder(layout.quarantine)
        // One of a kind is enough to look at; a nightly retry must not fill the disk.
        for former in PosixFile.entries(of: layout.quarantine) where former.hasPrefix(key) && former != kept {
            unlink("\(layout.quarantine)/\(former)")
        }
        return kept
    }
}
