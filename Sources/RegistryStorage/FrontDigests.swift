import CLinux
import Glibc
import RegistryCore
import Synchronization

/// The hash of a file that is still being written: it follows what is contiguous from the first byte on, and reads it
/// back from the file. So what is hashed is what the disk was given (reliability C15), and while it still lies in
/// memory: a finished download needs no second pass over cold data.
///
/// One thread at a time hashes; any may ring.
final class FrontDigests: @unchecked Sendable {
    /// What the disk is started on at a time.
    private static let stretch: Int64 = 8 << 20
    /// What is read back at a time, and what is worth a ring.
    static let bite: Int64 = 1 << 20

    /// Rung when there may be more to hash.
    let rings: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let gitSize: Int64?
    private var digests: ContentDigests
    private var generation = 0
    /// Kept between two rings: a new one each time would be a million pages a GiB to clear.
    private var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    /// - Parameter gitSize: the file's size where its git object id is wanted too.
    init(gitSize: Int64?) {
        self.gitSize = gitSize
        digests = ContentDigests(size: gitSize)
        (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Bytes hashed.
    var count: Int64 { digests.count }

    deinit { buffer.deallocate() }

    func ring() { bell.yield() }
    func finish() { bell.finish() }

    /// Hashes up to where the front is, and starts the disk on what it passes.
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
            // Begun early, the sync at the end is short. Only a hint, so its failure means nothing.
            if digests.count / Self.stretch > offset / Self.stretch {
                lapidary_start_writing(descriptor, off_t(offset / Self.stretch * Self.stretch), off_t(Self.stretch))
            }
        }
    }

    /// The digests of the whole. Call once, last.
    func finished() -> (sha256: SHA256Digest, gitObject: GitObjectID?) {
        buffer.deallocate()
        buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        return digests.finish()
    }
}
