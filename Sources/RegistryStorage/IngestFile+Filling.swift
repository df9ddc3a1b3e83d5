import CLinux
import Glibc
package import RegistryCore
import Synchronization

extension IngestFile {
    /// How a file of this machine got into the store.
    package enum Filling: String, Sendable, Codable {
        /// The file system shares the blocks, until one side changes.
        case cloned
        /// The same file under another name; both are read-only from now on.
        case linked
        case copied
    }

    /// Takes the whole from a file on this machine.
    ///
    /// - Parameters:
    ///   - location: an absolute path without links in it.
    ///   - sharing: whether the file may become the blob itself: only where nobody ever changes it.
    /// - Returns: nil where the file has another size, or is gone.
    package func fill(from location: String, sharing: Bool) throws(StorageError) -> Filling? {
        guard PosixFile.size(location) == size else { return nil }
        let source = Glibc.open(location, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard source >= 0 else { return nil }
        defer { Glibc.close(source) }
        try restart(validator: nil)
        let part = try self.open()
        var filling = Filling.copied
        if lapidary_clone(part, source) == 0 {
            filling = .cloned
        } else if sharing, try link(location) {
            filling = .linked
        } else {
            try copy(source, part)
        }
        state.withLock { $0.written.insert(0..<size) }
        return filling
    }

    /// False where the file system will not have it, and for a file of somebody else, who could change it later.
    private func link(_ location: String) throws(StorageError) -> Bool {
        var status = stat()
        guard lstat(location, &status) == 0, status.st_uid == geteuid() else { return false }
        let beside = "\(path).link"
        unlink(beside)
        guard Glibc.link(location, beside) == 0 else { return false }
        guard rename(beside, path) == 0 else {
            let failure = StorageError.failed(operation: "rename", path: path, errno: errno)
            unlink(beside)
            throw failure
        }
        try reopen()
        return true
    }

    private func copy(_ source: Int32, _ part: Int32) throws(StorageError) {
        var failure: StorageError?
        var offset: Int64 = 0
        try PosixFile.readAll(source, path: path, upTo: size) { bytes in
            guard failure == nil else { return }
            do throws(StorageError) {
                try PosixFile.writeAll(part, bytes, at: offset, path: path)
                offset += Int64(bytes.count)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Whether what is here is what was announced; where it is not, it is forgotten, and nothing is quarantined: the
    /// file it came from is still where it was.
    package func isRight(expecting sha256: SHA256Digest?, gitObject: GitObjectID?) throws(StorageError) -> Bool {
        try digests.advance(self)
        let found = digests.finished()
        guard missing.isEmpty, sha256 == nil || sha256 == found.sha256,
            sha256 != nil || gitObject == found.gitObject
        else { return false }
        try prove(found.sha256)
        return true
    }

    /// What is here, whatever it is.
    /// - Returns: its SHA-256 and git object id.
    package func identify() throws(StorageError) -> (sha256: SHA256Digest, gitObject: GitObjectID?) {
        try digests.advance(self)
        let found = digests.finished()
        try prove(found.sha256)
        return found
    }
}
