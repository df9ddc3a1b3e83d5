import Glibc
import HTTPTypes
import NIOCore
import RegistryStorage

/// A blob's file, open for reading; closed when the last reference goes, on whatever path that is.
final class OpenBlob: @unchecked Sendable {
    let size: Int64
    /// What `sendfile` reads from. NIO lets one caller at a time touch it, so the rest here has its own number for the
    /// same open file.
    let handle: NIOFileHandle
    private let descriptor: Int32
    /// The file's pages, to ask which of them are in memory; never read through, so a file that shrinks can do no harm.
    private let map: UnsafeMutableRawPointer?

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
        let map = size > 0 ? mmap(nil, Int(size), PROT_READ, MAP_SHARED, descriptor, 0) : nil
        self.map = map == MAP_FAILED ? nil : map
        handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
    }

    deinit {
        if let map { munmap(map, Int(size)) }
        try? handle.close()
    }

    /// Whether a part of the file can be read without waiting for the disk. Never blocks.
    /// - Parameter range: begins at a multiple of the page size, or is taken to begin there.
    func isInMemory(_ range: Range<Int64>) -> Bool {
        guard let map else { return false }
        let start = range.lowerBound & ~4095
        let length = Int(range.upperBound - start)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length / 4096 + 1) { pages in
            mincore(map + Int(start), length, pages.baseAddress) == 0
                && pages.prefix((length + 4095) / 4096).allSatisfy { $0 & 1 == 1 }
        }
    }

    /// Brings a part of the file into memory, and begins with what follows it. Blocks.
    func load(_ range: Range<Int64>) {
        posix_fadvise(descriptor, Int(range.lowerBound), range.count + (8 << 20), POSIX_FADV_WILLNEED)
        var byte: UInt8 = 0
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: 128 << 10) {
            pread(descriptor, &byte, 1, Int(offset))
        }
    }
}
