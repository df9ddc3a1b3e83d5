import Glibc

/// The few file calls that durability hangs on. Foundation's atomic write syncs the file but never the directory,
/// and its moves sync nothing (reliability E5), so these are ours.
enum PosixFile {
    /// fsync of a directory, so that a rename inside it survives a power cut.
    static func syncFolder(_ path: String) throws(StorageError) {
        let descriptor = try check("open", path, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        defer { close(descriptor) }
        try check("fsync", path, fsync(descriptor))
    }

    /// Makes a folder, and those above it where they are missing, durably.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(StorageError) {
        var parent = path.hasPrefix("/") ? "/" : "."
        for segment in path.split(separator: "/") {
            let made = parent.hasSuffix("/") ? "\(parent)\(segment)" : "\(parent)/\(segment)"
            if mkdir(made, mode) == 0 {
                try syncFolder(parent)
            } else if errno != EEXIST {
                throw .failed(operation: "mkdir", path: made, errno: errno)
            }
            parent = made
        }
    }

    /// The folder that a path lies in.
    static func folder(of path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }

    static func size(_ path: String) -> Int64? {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    /// Writes all bytes at the descriptor's position.
    static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, path: String) throws(StorageError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = write(descriptor, rest.baseAddress, rest.count)
            if count == -1, errno == EINTR { continue }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(try check("write", path, count)))
        }
    }

    static func writeAll(_ descriptor: Int32, _ bytes: [UInt8], path: String) throws(StorageError) {
        let outcome: Result<Void, StorageError> = bytes.withUnsafeBytes { buffer in
            do throws(StorageError) {
                return .success(try writeAll(descriptor, buffer, path: path))
            } catch { return .failure(error) }
        }
        try outcome.get()
    }

    /// Gives the file's bytes from its start, a MiB at a time.
    static func readAll(
        _ descriptor: Int32, path: String, upTo limit: Int64 = .max, each: (UnsafeRawBufferPointer) -> Void
    ) throws(StorageError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while offset < limit {
            let count = pread(
                descriptor, buffer.baseAddress, min(buffer.count, Int(clamping: limit - offset)), off_t(offset))
            if count == -1, errno == EINTR { continue }
            guard try check("read", path, count) > 0 else { return }
            each(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
            offset += Int64(count)
        }
    }

    static func entries(of folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func removeTree(_ path: String) {
        for name in entries(of: path) {
            let child = "\(path)/\(name)"
            if unlink(child) == -1 { removeTree(child) }
        }
        rmdir(path)
    }
}
