import Foundation

/// A regular file opened for reading. Reads name their offset, so one file may be read from several threads.
///
/// Blocking calls: never on the cooperative pool.
package final class ReadableFile: Sendable {
    package let name: String
    /// The size when the file was opened, in bytes.
    package let size: Int
    package let descriptor: Int32

    /// `name` is what messages call the file, `location` where it lies on disk (symbolic links are followed).
    package init(name: String, at location: String) throws(ModelFormatError) {
        // O_NONBLOCK: opening a FIFO that an archive left behind would wait for a writer for ever.
        let descriptor = open(location, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(file: name, reason: String(cString: strerror(errno))) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unreadable(file: name, reason: "not a regular file")
        }
        self.name = name
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Exactly `count` bytes from `offset`; a file that ends before is an error.
    package func bytes(at offset: Int, count: Int) throws(ModelFormatError) -> [UInt8] {
        let part = try prefix(at: offset, count: count)
        guard part.count == count else {
            throw .unreadable(file: name, reason: "ends at byte \(offset + part.count), expected \(offset + count)")
        }
        return part
    }

    /// Up to `count` bytes from `offset`; fewer only at the end of the file.
    package func prefix(at offset: Int = 0, count: Int) throws(ModelFormatError) -> [UInt8] {
        guard count > 0 else { return [] }
        var failure: Int32 = 0
        let part = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let start = buffer.baseAddress {
                let read = pread(descriptor, start + filled, count - filled, off_t(offset + filled))
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = errno }
                if read <= 0 { break }
                filled += read
            }
        }
        guard failure == 0 else { throw .unreadable(file: name, reason: String(cString: strerror(failure))) }
        return part
    }

    /// The whole file, refused when it is larger than `limit` bytes.
    package func contents(limit: Int) throws(ModelFormatError) -> [UInt8] {
        guard size <= limit else { throw .tooLarge(file: name, what: "size in bytes", limit: limit, got: size) }
        return try bytes(at: 0, count: size)
    }
}

extension ReadableFile {
    /// Fills `buffer` from `offset`; a file that ends before is an error.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ModelFormatError) {
        guard let start = buffer.baseAddress else { return }
        var filled = 0
        while filled < buffer.count {
            let read = pread(descriptor, start + filled, buffer.count - filled, off_t(offset + filled))
            if read < 0, errno == EINTR { continue }
            guard read > 0 else {
                let reason = read < 0 ? String(cString: strerror(errno)) : "ends at byte \(offset + filled)"
                throw .unreadable(file: name, reason: reason)
            }
            filled += read
        }
    }
}
