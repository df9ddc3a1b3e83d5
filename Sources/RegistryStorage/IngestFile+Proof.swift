import CLinux
import Dispatch
import Glibc
package import RegistryCore
import Synchronization

extension IngestFile {
    /// What is worth a ring for the disk.
    static let stretch: Int64 = 8 << 20
    /// New bytes between two records of a large file.
    private static let recordEvery: Int64 = 128 << 20

    /// Runs a transfer into this file while hash and disk follow it, each on a thread of its own: the hash takes as long
    /// as the transfer, so that what it waits for the disk would come on top. Whatever ends it, what is here is on record
    /// then, so that the next attempt goes on.
    ///
    /// - Throws: what the transfer threw, or ``StorageError`` where the disk fails.
    package func following(_ transfer: @escaping @Sendable () async throws -> Void) async throws {
        guard size > Self.recorded else { return try await transfer() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in self.digests.bell.rings {
                        try await blocking { try self.digests.advance(self) }
                    }
                }
                group.addTask {
                    for await _ in self.diskBell.rings {
                        try await blocking {
                            try self.startWriting()
                            try self.recordIfDue()
                        }
                    }
                }
                group.addTask {
                    defer { self.finishBells() }
                    try await transfer()
                }
                // The first error ends all; a hash that cannot go on must not let the transfer run to its end.
                do { while try await group.next() != nil {} } catch {
                    group.cancelAll()
                    self.finishBells()
                    throw error
                }
            }
        } catch {
            try? await blocking { try self.record() }
            throw error
        }
    }

    private func finishBells() {
        digests.bell.finish()
        diskBell.finish()
    }

    /// Begun early, the sync at the end is short. Only a hint, so its failure means nothing.
    private func startWriting() throws(StorageError) {
        lapidary_start_writing(try open())
    }

    /// What is whole is about to be synced and proven anyway.
    private func recordIfDue() throws(StorageError) {
        let isDue = state.withLock { state in
            state.written.count - state.recorded >= Self.recordEvery && state.written.count < size
        }
        if isDue { try record() }
    }

    /// Makes durable what is here, and then says so beside it.
    func record() throws(StorageError) {
        let (written, validator, generation) = state.withLock { ($0.written, $0.validator, $0.generation) }
        guard size > Self.recorded, let validator, written != ByteRanges() else { return }
        try sync(fdatasync)
        try PartRecord(size: size, validator: validator, ranges: written).write(store.layout.ranges(key))
        let isCurrent = state.withLock { state in
            if state.generation == generation { state.recorded = written.count }
            return state.generation == generation
        }
        // What it speaks for was given up while it was written.
        if !isCurrent { unlink(store.layout.ranges(key)) }
    }

    /// Checks size and digests of what is on the disk. The file is synced meanwhile, and closed in the end.
    ///
    /// - Parameters: what upstream announced, at least one of the two; a git object id counts where there is no SHA-256.
    /// - Returns: the content's SHA-256.
    /// - Throws: ``StorageError/mismatch(file:expected:got:kept:)``, with the file in `quarantine/` unless it is what an
    ///   earlier attempt has proven: a power cut may have taken bytes of that, which is no word on upstream.
    package func verify(
        expecting sha256: SHA256Digest?, gitObject: GitObjectID?
    ) throws(StorageError) -> SHA256Digest {
        let here = count
        guard missing.isEmpty else { throw try quarantine("\(size) bytes", "\(here) bytes") }
        let disk = try beginSync()
        let hashed = Result { () throws(StorageError) in try digests.advance(self) }
        let synced = disk?.wait()
        try hashed.get()
        try synced?.get()

        let found = digests.finished()
        if let sha256, sha256 != found.sha256 { throw try quarantine("\(sha256)", "\(found.sha256)") }
        if sha256 == nil, let gitObject, gitObject != found.gitObject {
            throw try quarantine("\(gitObject)", found.gitObject.map { "\($0)" } ?? "nothing")
        }
        try prove(found.sha256)
        return found.sha256
    }

    func prove(_ digest: SHA256Digest) throws(StorageError) {
        // A blob is read-only from the moment at which its name appears.
        try check("chmod", path, fchmod(open(), 0o444))
        verified.withLock { $0 = digest }
        close()
    }

    /// For a large file the disk and the hash work at the same time.
    private func beginSync() throws(StorageError) -> PendingSync? {
        guard size > Self.recorded else { return nil }
        let descriptor = try open()
        return PendingSync {
            Glibc.fdatasync(descriptor) == 0 ? 0 : errno
        } failure: {
            self.lost(errno: $0)
        }
    }

    private func sync(_ call: (Int32) -> Int32) throws(StorageError) {
        guard call(try open()) == 0 else { throw lost(errno: errno) }
    }

    /// After a failed sync the kernel drops what it could not write and says yes to the next one (reliability E6): the
    /// part is worth nothing any more. It stays open: other threads are at it, and the number of a file that is closed
    /// under them may be another one's at once.
    func lost(errno: Int32) -> StorageError {
        loss.store(errno, ordering: .releasing)
        unlink(path)
        unlink(store.layout.ranges(key))
        return .lost(file: label, errno: errno)
    }

    private func quarantine(_ expected: String, _ got: String) throws(StorageError) -> StorageError {
        close()
        unlink(store.layout.ranges(key))
        if state.withLock(\.wasProven) {
            unlink(path)
            return .mismatch(file: label, expected: expected, got: got, kept: nil)
        }
        let kept = try store.quarantine(path, as: key)
        return .mismatch(file: label, expected: expected, got: got, kept: "quarantine/\(kept)")
    }
}

/// A sync that runs on a thread of its own.
private final class PendingSync: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let failure: (Int32) -> StorageError
    private var errno: Int32 = 0

    /// - Parameter call: gives an errno, 0 for success.
    init(_ call: @escaping @Sendable () -> Int32, failure: @escaping (Int32) -> StorageError) {
        self.failure = failure
        DispatchQueue.global(qos: .utility).async {
            self.errno = call()
            self.done.signal()
        }
    }

    func wait() -> Result<Void, StorageError> {
        done.wait()
        return errno == 0 ? .success(()) : .failure(failure(errno))
    }
}
