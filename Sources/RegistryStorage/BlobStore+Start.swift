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

    /// Removes half-built views, and everything else that nobody can go on with, or has for a week.
    func sweep() {
        let weekAgo = time(nil) - 7 * 24 * 3600
        for name in PosixFile.entries(of: layout.ingest) {
            let path = "\(layout.ingest)/\(name)"
            var status = stat()
            if name.hasPrefix("view-") {
                PosixFile.removeTree(path)
            } else if lstat(path, &status) == 0, status.st_mtim.tv_sec < weekAgo || !isResumable(name, status) {
                unlink(path)
            }
        }
    }

    /// A part with a record, or the record of such a part; and one that is read-only: it was proven and not yet
    /// published, so the next attempt hashes it and fetches nothing. One with a second name is a blob, or was linked.
    private func isResumable(_ name: String, _ status: stat) -> Bool {
        if name.hasSuffix(".part") {
            return status.st_nlink == 1
                && (PosixFile.isProven("\(layout.ingest)/\(name)")
                    || PosixFile.size(layout.ranges(String(name.dropLast(5)))) != nil)
        }
        return name.hasSuffix(".ranges") && PosixFile.size(layout.part(String(name.dropLast(7)))) != nil
    }
}
