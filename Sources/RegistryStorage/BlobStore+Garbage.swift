import Glibc
package import RegistryCore

/// Something in the storage folder that may be there for nothing.
package struct StoredItem: Sendable, Equatable {
    /// Below the storage folder: `ingest/sha256-….part`.
    package let path: String
    /// Bytes on the disk; of a folder, of all files in it.
    package let size: Int64
    /// Seconds since it was changed last (of what is in the trash: since it was put there).
    package let age: Int64
}

/// What lies where, and how it goes away. Every call blocks.
extension BlobStore {
    /// Every blob on the disk, with the seconds since it came.
    package func allBlobs() -> [(digest: SHA256Digest, size: Int64, age: Int64)] {
        PosixFile.entries(of: layout.blobs).flatMap { folder in
            PosixFile.entries(of: "\(layout.blobs)/\(folder)").compactMap { name in
                guard let digest = try? SHA256Digest(name), digest.hex.hasPrefix(folder), folder.utf8.count == 2
                else { return nil }
                var status = stat()
                guard lstat(layout.blob(digest), &status) == 0 else { return nil }
                return (digest, Int64(status.st_size), Self.age(of: status))
            }
        }
    }

    /// Parts of files, and whatever else lies in `ingest/`.
    package func ingestItems() -> [StoredItem] { items(in: layout.ingest, "ingest") }
    package func quarantineItems() -> [StoredItem] { items(in: layout.quarantine, "quarantine") }

    package func trashItems() -> [StoredItem] {
        items(in: layout.trash, "trash").map { item in
            let since = item.path.split(separator: ".").last.flatMap { Int64($0) }
            let age = since.map { Int64(time(nil)).subtractingReportingOverflow($0).partialValue }
            return StoredItem(path: item.path, size: item.size, age: max(0, age ?? item.age))
        }
    }

    private func items(in folder: String, _ name: String) -> [StoredItem] {
        PosixFile.entries(of: folder).compactMap { entry in
            let path = "\(folder)/\(entry)"
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            return StoredItem(
                path: "\(name)/\(entry)", size: isFolder ? 0 : Int64(status.st_size), age: Self.age(of: status))
        }
    }

    /// By the last change of any kind: a rename and a chmod count, and nobody can set it back.
    private static func age(of status: stat) -> Int64 {
        max(0, Int64(time(nil)).subtractingReportingOverflow(Int64(status.st_ctim.tv_sec)).partialValue)
    }

    /// Moves a blob to the trash; where it is not here, nothing happens. Not synced: what a power cut brings back is
    /// garbage as before.
    package func discard(_ digest: SHA256Digest) throws(StorageError) {
        try PosixFile.makeFolderUnsynced(layout.trash)
        let path = layout.blob(digest)
        guard rename(path, "\(layout.trash)/\(digest.hex).\(time(nil))") == 0 else {
            if errno == ENOENT { return }
            throw .failed(operation: "rename", path: path, errno: errno)
        }
    }

    /// Where a blob lies that was moved to the trash and is not gone yet; nil where none does.
    package func trashed(_ digest: SHA256Digest) -> String? {
        PosixFile.entries(of: layout.trash).first { $0.hasPrefix("\(digest.hex).") }.map { "\(layout.trash)/\($0)" }
    }

    /// A blob is wanted again, and is back: what lies in the trash of it goes.
    package func forgetTrash(of digest: SHA256Digest) {
        for name in PosixFile.entries(of: layout.trash) where name.hasPrefix("\(digest.hex).") {
            unlink("\(layout.trash)/\(name)")
        }
    }

    /// Removes an item for good.
    package func remove(_ item: StoredItem) { PosixFile.removeAny("\(layout.root)/\(item.path)") }
}
