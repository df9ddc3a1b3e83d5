import CLinux
import Glibc
import RegistryCore

/// What a new owner of the storage does first.
extension BlobStore {
    /// Makes durable what the owner before had done and not synced when it was killed. It looks done, so from now on
    /// others build on it, and nobody would sync it any more: folders, names of blobs, the token, what SQLite has
    /// committed to its log.
    func settle() throws(StorageError) {
        let descriptor = try check("open", layout.root, open(layout.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        defer { close(descriptor) }
        try check("syncfs", layout.root, lapidary_sync_file_system(descriptor))
    }

    /// Removes half-built views, what is left of files that were published, records and links that are nobody's, and
    /// parts that nobody came back for in a week.
    func sweep() {
        let weekAgo = time(nil) - 7 * 24 * 3600
        for name in PosixFile.entries(of: layout.ingest) {
            let path = "\(layout.ingest)/\(name)"
            var status = stat()
            if name.hasPrefix("view-") {
                PosixFile.removeTree(path)
            } else if lstat(path, &status) == 0,
                status.st_mtim.tv_sec < weekAgo || isStray(name) || isPublished(name, status)
            {
                unlink(path)
            }
        }
    }

    /// A part that became read-only to be made a blob: it has been, or will be fetched again (``PosixFile/openPart(_:)``).
    private func isPublished(_ name: String, _ status: stat) -> Bool {
        name.hasSuffix(".part") && status.st_mode & S_IFMT == S_IFREG && status.st_mode & 0o200 == 0
    }

    /// A record of a part that is gone, or a file that was to take another's place and did not.
    private func isStray(_ name: String) -> Bool {
        guard !name.hasSuffix(".new"), !name.hasSuffix(".link") else { return true }
        return name.hasSuffix(".ranges") && PosixFile.size(layout.part(String(name.dropLast(7)))) == nil
    }
}
