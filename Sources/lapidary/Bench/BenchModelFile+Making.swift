import Foundation
import RegistryOperations

extension BenchModelFile {
    /// Whether the file is there as it should be. It gets its name when it is complete.
    func isComplete(size: Int) -> Bool { Self.size(of: path) == size }

    /// Makes what is missing; `isSparse` leaves the numbers out, so that the file is one hole that reads as zeros.
    /// - Throws: Failure when the disk has no room, or refuses.
    func make(isSparse: Bool = false) throws {
        let (header, offsets, size) = layout()
        guard !isComplete(size: size) else { return }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let room = try URL(filePath: folder).resourceValues(forKeys: [.volumeAvailableCapacityKey])
            .volumeAvailableCapacity
        if !isSparse, let room, room < size {
            throw Failure(
                message: "\(folder): \(size) bytes are needed for \(name), the disk has \(room) left", exitCode: 1)
        }
        Terminal.say("making \(path), \(size) bytes\(isSparse ? ", sparse" : "")")
        if !isGGUF { try Data(shape.configuration.utf8).write(to: URL(filePath: folder + "/config.json")) }
        let unfinished = path + ".unfinished"
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(unfinished) }
        defer {
            close(descriptor)
            unlink(unfinished)
        }
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw Self.failure(unfinished) }
        try header.withUnsafeBytes { try Self.write($0, to: descriptor, at: 0, unfinished) }
        if !isSparse {
            for index in shape.tensors.indices {
                try writeNumbers(of: index, to: descriptor, at: header.count + offsets[index], unfinished)
            }
        }
        // On the disk, so that its pages can be dropped for a cold run.
        guard fsync(descriptor) == 0, rename(unfinished, path) == 0 else { throw Self.failure(path) }
    }

    private func writeNumbers(of index: Int, to descriptor: Int32, at offset: Int, _ path: String) throws {
        let tensor = shape.tensors[index], type = stored(tensor), weights = RandomWeights(seed: Self.seed)
        let step = 1 << 20
        let numbers = UnsafeMutableBufferPointer<Float>.allocate(capacity: step)
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: type.byteCount(step), alignment: 64)
        defer {
            numbers.deallocate()
            bytes.deallocate()
        }
        for first in stride(from: 0, to: tensor.count, by: step) {
            let piece = UnsafeMutableBufferPointer(rebasing: numbers[..<min(step, tensor.count - first)])
            weights.fill(piece, tensor: index, isNorm: tensor.isNorm, from: first)
            // llama.cpp's norms are the scale itself, transformers' are it minus 1.
            if tensor.isNorm, isGGUF { for place in piece.indices { piece[place] += 1 } }
            guard let start = bytes.baseAddress else { return }
            type.store(UnsafeBufferPointer(piece), in: start)
            try Self.write(
                UnsafeRawBufferPointer(start: start, count: type.byteCount(piece.count)), to: descriptor,
                at: offset + type.byteCount(first), path)
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int, _ path: String)
        throws
    {
        var done = 0
        while done < bytes.count {
            let written = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure(path) }
            done += written
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(message: "\(path): \(String(cString: strerror(errno)))", exitCode: 1)
    }

    static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Takes the file's pages out of the system's cache.
    func makeCold() throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        let error = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        guard error == 0 else { throw Failure(message: "\(path): \(String(cString: strerror(error)))", exitCode: 1) }
    }
}
