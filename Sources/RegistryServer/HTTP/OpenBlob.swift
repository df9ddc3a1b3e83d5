import Glibc
import HTTPTypes
import NIOCore
import RegistryStorage

/// A blob's file, open for reading; closed when the last reference goes, on whatever path that is.
final class OpenBlob: Sendable {
    let size: Int64
    /// What `sendfile` reads from. NIO lets one caller at a time touch it, so ``prefetch(_:)`` has its own number for
    /// the same open file.
    let handle: NIOFileHandle
    private let descriptor: Int32

    /// Opens and checks: a regular file of exactly the size that the catalogue knows, never through a symbolic link.
    /// Blocks on the disk.
    /// - Throws: ``ErrorResponse`` where the file is missing or has another size.
    init(path: String, expecting size: Int64) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw ErrorResponse(
                .internalServerError, "BlobMissing",
                "the registry cannot read this file (errno \(errno)): its operator has to mirror the model again")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == size else {
            close(descriptor)
            throw ErrorResponse(
                .internalServerError, "BlobDamaged",
                "this file has \(status.st_size) bytes on the registry's disk, expected \(size): it is not sent; "
                    + "its operator has to mirror the model again")
        }
        self.size = size
        self.descriptor = descriptor
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
    }

    deinit { try? handle.close() }

    /// Brings a part of the file into memory, so that `sendfile` does not hold up an event loop on a cold disk.
    /// Blocks until it is there: a byte is read in every 128 KiB, the size of the kernel's read-ahead window.
    func prefetch(_ range: Range<Int64>) {
        posix_fadvise(descriptor, Int(range.lowerBound), range.count, POSIX_FADV_WILLNEED)
        var byte: UInt8 = 0
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: 128 << 10) {
            pread(descriptor, &byte, 1, Int(offset))
        }
    }
}
