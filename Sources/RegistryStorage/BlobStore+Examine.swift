import Glibc
package import RegistryCore

/// What a look at a blob at rest found.
package struct BlobExamination: Sendable {
    package enum Finding: Sendable, Equatable {
        case sound
        /// The bytes are right; the mode, which was another, is 0444 again.
        case wrongMode(UInt32)
        case missing
        /// Not a file of these bytes: what it is instead.
        case damaged(String)
        /// The disk did not give the bytes.
        case unreadable(errno: Int32)
    }

    package let finding: Finding
    /// Which file was looked at; nil where there is none.
    package let identity: FileIdentity?
    /// Bytes that were read.
    package let read: Int64
}

/// A file, whatever it is called: another that takes its place has another identity.
package struct FileIdentity: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
    }
}

extension BlobStore {
    /// Whether the folder of all blobs is there and holds anything: a disk that was not mounted looks like a store in
    /// which everything is missing.
    package var isPresent: Bool { !PosixFile.entries(of: layout.blobs).isEmpty }

    /// How many of these blobs have no file under their names.
    package func countMissing(_ digests: [SHA256Digest]) -> Int { digests.count { identity(of: $0) == nil } }

    /// Hashes a blob from the disk, not from memory, and leaves no more of it in memory than there was before.
    ///
    /// A regular file (never through a symbolic link; a FIFO or device is not waited for) of this size and content.
    /// - Throws: `CancellationError` where the pace was cancelled.
    package func examine(_ digest: SHA256Digest, size: Int64, pace: ReadPace) throws -> BlobExamination {
        let path = layout.blob(digest)
        var status = stat()
        guard lstat(path, &status) == 0 else {
            let finding: BlobExamination.Finding = errno == ENOENT ? .missing : .unreadable(errno: errno)
            return BlobExamination(finding: finding, identity: nil, read: 0)
        }
        let identity = FileIdentity(status)
        func found(_ finding: BlobExamination.Finding, _ read: Int64 = 0) -> BlobExamination {
            BlobExamination(finding: finding, identity: identity, read: read)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return found(.damaged("it is \(Self.kind(status.st_mode)), expected a file"))
        }
        guard Int64(status.st_size) == size else {
            return found(.damaged("it has \(status.st_size) bytes, expected \(size)"))
        }
        // Before it is opened: who may not read it would take it for lost. Never before it is known to be a file.
        let mode = status.st_mode & 0o7777
        if mode & 0o400 == 0 { fchmodat(AT_FDCWD, path, 0o444, AT_SYMLINK_NOFOLLOW) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return found(errno == ENOENT ? .missing : .unreadable(errno: errno)) }
        defer { close(descriptor) }
        guard fstat(descriptor, &status) == 0 else { return found(.unreadable(errno: errno)) }
        // Another file stands there since: the caller looks again.
        guard FileIdentity(status) == identity else {
            return BlobExamination(finding: .missing, identity: FileIdentity(status), read: 0)
        }
        if mode != 0o444 { fchmod(descriptor, 0o444) }

        let (digests, failure) = try hash(descriptor, pace)
        let count = digests.count
        if let failure { return found(.unreadable(errno: failure), count) }
        let got = digests.finish().sha256
        guard count == size else { return found(.damaged("it gave \(count) bytes, expected \(size)"), count) }
        guard got == digest else { return found(.damaged("its bytes have \(got)"), count) }
        return found(mode == 0o444 ? .sound : .wrongMode(UInt32(mode)), count)
    }

    private func hash(_ descriptor: Int32, _ pace: ReadPace) throws -> (ContentDigests, Int32?) {
        let digests = ContentDigests(size: nil)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        // What memory holds may be right while the disk is not.
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        defer { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(digests.count))
            if count == -1, errno == EINTR { continue }
            guard count >= 0 else { return (digests, errno) }
            guard count > 0 else { return (digests, nil) }
            digests.update(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
            posix_fadvise(descriptor, 0, off_t(digests.count), POSIX_FADV_DONTNEED)
            try pace.take(count)
        }
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFLNK: "a symbolic link"
        case S_IFDIR: "a folder"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    /// Which file stands under a blob's name; nil where none does.
    package func identity(of digest: SHA256Digest) -> FileIdentity? {
        var status = stat()
        return lstat(layout.blob(digest), &status) == 0 ? FileIdentity(status) : nil
    }

    /// Moves what stands under a blob's name out of the way. Not synced: its row says that it is damaged, and who finds
    /// it in its place again moves it again. What an earlier scrub kept of the same blob goes: one of a kind is enough to
    /// look at.
    /// - Returns: where it lies now, below the storage folder.
    package func quarantine(_ digest: SHA256Digest) throws(StorageError) -> String {
        let key = "scrub-\(digest.hex)"
        let kept = "\(key)-\(Timestamp.now.text.replacing(":", with: ""))"
        try check("rename", layout.blob(digest), rename(layout.blob(digest), "\(layout.quarantine)/\(kept)"))
        for former in PosixFile.entries(of: layout.quarantine) where former.hasPrefix(key) && former != kept {
            PosixFile.removeAny("\(layout.quarantine)/\(former)")
        }
        return "quarantine/\(kept)"
    }
}

extension PosixFile {
    /// Removes whatever a name stands for; a folder with everything in it, and nothing behind a symbolic link.
    static func removeAny(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR { removeTree(path) } else { unlink(path) }
    }
}
