import Glibc
import RegistryCore
import Synchronization

/// The hash of a file that is still being written: it follows what is contiguous from the first byte on, and reads it
/// back from the file. So what is hashed is what the disk was given (reliability C15), and while it still lies in
/// memory: a finished download needs no second pass over cold data.
///
/// One thread at a time hashes; any may ring ``bell``.
final class FrontDigests: @unchecked Sendable {
    /// What is worth a ring.
    static let stretch: Int64 = 1 << 20
    /// What is read back at a time: both copies of it fit into a core's own cache.
    private static let bite: Int64 = 256 << 10

    /// Rung when there may be more to hash.
    let bell = Bell()
    private let gitSize: Int64?
    private var digests: ContentDigests
    private var generation = 0
    /// Kept between two rings: a new one each time would be a million pages a GiB to clear.
    private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    /// - Parameter gitSize: the file's size where its git object id is wanted too.
    init(gitSize: Int64?) {
        self.gitSize = gitSize
        digests = ContentDigests(size: gitSize)
    }

    deinit { buffer.deallocate() }

    /// Hashes up to where the front is.
    func advance(_ file: IngestFile) throws(StorageError) {
        if buffer.isEmpty {
            buffer = .allocate(byteCount: Int(clamping: min(Self.bite, max(file.size, 1))), alignment: 4096)
        }
        let descriptor = try file.open()
        while true {
            let (front, current) = file.state.withLock { ($0.written.front, $0.generation) }
            if current != generation {
                digests = ContentDigests(size: gitSize)
                generation = current
            }
            let offset = digests.count
            guard offset < front else { return }
            let wanted = min(buffer.count, Int(clamping: front - offset))
            let count = pread(descriptor, buffer.baseAddress, wanted, off_t(offset))
            if count == -1, errno == EINTR { continue }
            guard try check("read", file.path, count) > 0 else {
                // A restart has cut the file meanwhile, or somebody else has.
                guard file.state.withLock(\.generation) != generation else {
                    throw .failed(operation: "read back", path: file.path, errno: ENODATA)
                }
                continue
            }
            digests.update(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
        }
    }

    /// The digests of the whole. Call once, last.
    func finished() -> (sha256: SHA256Digest, gitObject: GitObjectID?) {
        buffer.deallocate()
        buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        return digests.finish()
    }
}
