import Foundation
import Glibc

/// The one owner of a storage folder: an flock on `registry.lock`, which the kernel lets go with the process.
package final class StorageLock: Sendable {
    /// What the owner writes into the lock file, so that a second process knows whom to ask.
    package struct Owner: Codable, Sendable {
        package let pid: Int32
        /// Where the owner's server listens; nil while it serves nothing.
        package var server: String?
    }

    private let path: String
    private let descriptor: Int32

    /// Takes the lock, or says who has it.
    /// - Throws: ``StorageError/locked(root:owner:)``
    package init(_ layout: StorageLayout) throws(StorageError) {
        path = layout.lock
        try PosixFile.makeFolder(layout.root)
        descriptor = try check("open", path, open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644))
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let owner = Self.owner(layout)
            close(descriptor)
            throw .locked(root: layout.root, owner: owner.map { "process \($0.pid)" } ?? "another process")
        }
        try announce(server: nil)
    }

    deinit { close(descriptor) }

    /// Says where this process serves.
    package func announce(server: String?) throws(StorageError) {
        let text = (try? JSONEncoder().encode(Owner(pid: getpid(), server: server))) ?? Foundation.Data()
        try check("truncate", path, ftruncate(descriptor, 0))
        try check("seek", path, lseek(descriptor, 0, SEEK_SET))
        try PosixFile.writeAll(descriptor, Array(text), path: path)
    }

    /// The owner that runs now and serves; nil where none does. Takes no lock, makes no folder.
    package static func server(_ layout: StorageLayout) -> Owner? {
        guard let owner = owner(layout), owner.server != nil else { return nil }
        let descriptor = open(layout.lock, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // A server that has ended leaves its words behind, but not its lock.
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK ? owner : nil
    }

    /// What the lock file says; meaningful only while somebody holds the lock.
    package static func owner(_ layout: StorageLayout) -> Owner? {
        guard let text = FileManager.default.contents(atPath: layout.lock) else { return nil }
        return try? JSONDecoder().decode(Owner.self, from: text)
    }
}
