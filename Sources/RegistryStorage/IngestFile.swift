import CLinux
import Glibc
package import RegistryCore
import Synchronization

/// A file on its way in: written in pieces, in any order, while a hash follows what is contiguous and reads it back
/// from the file; published or quarantined at the end.
///
/// Its bytes lie in `ingest/<key>.part` under a name made of the repository and what upstream announced. A large file
/// has a ``PartRecord`` beside it, so that a fetch which was interrupted goes on where it stopped, even after a power
/// cut; a small one begins again. One that was proven and then not published, because another of its snapshot failed, is
/// hashed again and not fetched again. Writes come from one thread at a time, hash and disk follow on two others; every
/// call blocks.
package final class IngestFile: @unchecked Sendable {
    /// Up to this size a file is not worth a record of its pieces.
    static let recorded: Int64 = 16 << 20

    struct State {
        var written = ByteRanges()
        var validator: String?
        /// Counts ``IngestFile/restart(validator:)``: what was hashed before is void.
        var generation = 0
        /// Bytes that a record on the disk speaks for.
        var recorded: Int64 = 0
        /// An earlier attempt has proven it, and not made it durable.
        var wasProven = false
        /// The part is a name of a file that somebody else has too.
        var isShared = false
    }

    /// How errors call it: `google/gemma-3-1b-it@dcc83ea/model.safetensors`.
    let label: String
    let store: BlobStore
    let key: String
    let path: String
    package let size: Int64
    let state: Mutex<State>
    let digests: FrontDigests
    /// Rung when there may be more for the disk to do.
    let diskBell = Bell()
    private let descriptor: Mutex<Int32>
    /// The errno with which the disk has lost what was written; 0 while it has not.
    let loss = Atomic<Int32>(0)
    /// The content's SHA-256; nil until it is verified.
    let verified = Mutex<SHA256Digest?>(nil)

    /// Opens the part, and takes from an earlier attempt what its record vouches for, or the whole where it was proven.
    init(
        store: BlobStore, key: String, label: String, size: Int64, hasGitObject: Bool
    ) throws(StorageError) {
        self.store = store
        self.key = key
        self.label = label
        self.size = size
        path = store.layout.part(key)
        let opened = try PosixFile.openPart(path)
        descriptor = Mutex(opened.descriptor)
        digests = FrontDigests(gitSize: hasGitObject ? size : nil)
        var state = State()
        if opened.wasProven, PosixFile.size(path) == size {
            state.written.insert(0..<size)
            state.wasProven = true
        } else if size > Self.recorded, let record = PartRecord.read(store.layout.ranges(key), size: size),
            let ranges = record.ranges, (PosixFile.size(path) ?? 0) >= ranges.ranges.last?.upperBound ?? 0
        {
            state.written = ranges
            state.validator = record.validator
            state.recorded = ranges.count
        }
        self.state = Mutex(state)
        do {
            if state.written == ByteRanges() { try clear() }
            try reserve()
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    /// Ranges of the file that are not here yet.
    package var missing: [Range<Int64>] { state.withLock { $0.written.missing(in: size) } }

    /// The strong entity tag under which what is here came; nil where nothing is here, or it had none.
    package var validator: String? { state.withLock(\.validator) }

    var isShared: Bool { state.withLock(\.isShared) }

    /// Bytes that are here.
    package var count: Int64 { state.withLock(\.written.count) }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        let (end, isTooMuch) = offset.addingReportingOverflow(Int64(bytes.count))
        guard offset >= 0, !isTooMuch, end <= size else {
            throw StorageError.failed(operation: "write beyond the end", path: path, errno: EFBIG)
        }
        try PosixFile.writeAll(try open(), bytes, at: offset, path: path)
        state.withLock { $0.written.insert(offset..<end) }
        // A ring for each delivery of libcurl's, 16 KiB, woke the hash 34,000 times a GiB.
        if end / FrontDigests.stretch > offset / FrontDigests.stretch || end == size { digests.bell.ring() }
        if end / Self.stretch > offset / Self.stretch { diskBell.ring() }
    }

    /// Forgets what is here: what comes next belongs to `validator`.
    package func restart(validator: String?) throws(StorageError) {
        let wasShared = state.withLock { state in
            defer { state = State(validator: validator, generation: state.generation + 1) }
            return state.isShared
        }
        if wasShared {
            let opened = try PosixFile.openPart(path)
            close()
            descriptor.withLock { $0 = opened.descriptor }
        }
        try clear()
        try reserve()
    }

    /// Ends an attempt that failed.
    /// - Parameter isResumable: whether another attempt may go on with what is here. Without a record it could not.
    package func abandon(isResumable: Bool) {
        close()
        if isResumable, PosixFile.size(store.layout.ranges(key)) != nil { return }
        unlink(store.layout.ranges(key))
        unlink(path)
    }

    /// The SHA-256 of what was proven.
    package func proven() throws(StorageError) -> SHA256Digest {
        guard let digest = verified.withLock({ $0 }) else {
            throw .failed(operation: "use unverified", path: path, errno: EPERM)
        }
        return digest
    }

    /// Its descriptor, while it is open.
    func open() throws(StorageError) -> Int32 {
        let descriptor = descriptor.withLock { $0 }
        guard descriptor >= 0 else { throw .failed(operation: "use closed", path: path, errno: EBADF) }
        let loss = loss.load(ordering: .acquiring)
        guard loss == 0 else { throw .lost(file: label, errno: loss) }
        return descriptor
    }

    /// A repository may have thousands of files, a process a thousand descriptors.
    func close() {
        let open = descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        if open >= 0 { Glibc.close(open) }
    }

    /// A file that somebody else has too has taken the part's name: nothing may be written to it.
    func reopen() throws(StorageError) {
        let opened = try check("open", path, Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
        close()
        descriptor.withLock { $0 = opened }
        state.withLock { $0.isShared = true }
    }

    private func clear() throws(StorageError) {
        unlink(store.layout.ranges(key))
        try check("truncate", path, ftruncate(open(), 0))
    }

    /// Takes the disk space at once, so that a full disk is found out before the first byte. The size is left alone:
    /// the file must not look longer than what was written.
    private func reserve() throws(StorageError) {
        guard size > Self.recorded else { return }
        while lapidary_reserve(try open(), off_t(size)) != 0 {
            switch errno {
            case EINTR: continue
            case EOPNOTSUPP, ENOSYS, EINVAL: return  // a file system that cannot: the writes will tell
            default: throw .failed(operation: "reserve \(Quantity.bytes(size)) for", path: path, errno: errno)
            }
        }
    }
}
