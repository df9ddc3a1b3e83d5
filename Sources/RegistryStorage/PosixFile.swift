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
        try eachFolder(of: path) { folder, parent throws(StorageError) in
            guard try makeFolderUnsynced(folder, mode: mode) else { return }
            do throws(StorageError) { try syncFolder(parent) } catch {
                // Who tries again must not find it and take it for durable.
                rmdir(folder)
                throw error
            }
        }
    }

    /// The same for what no crash needs to survive.
    static func makeFleetingFolder(_ path: String) throws(StorageError) {
        try eachFolder(of: path) { folder, _ throws(StorageError) in try makeFolderUnsynced(folder) }
    }

    /// - Parameter body: gets the path's folders from the uppermost on, each with the one that it lies in.
    private static func eachFolder(
        of path: String, _ body: (_ folder: String, _ parent: String) throws(StorageError) -> Void
    ) throws(StorageError) {
        var parent = path.hasPrefix("/") ? "/" : "."
        for segment in path.split(separator: "/") {
            let folder = parent.hasSuffix("/") ? "\(parent)\(segment)" : "\(parent)/\(segment)"
            try body(folder, parent)
            parent = folder
        }
    }

    /// Makes one folder where it is missing; a later sync of the folder that it lies in makes it durable.
    /// - Returns: whether it was missing.
    @discardableResult
    static func makeFolderUnsynced(_ path: String, mode: mode_t = 0o755) throws(StorageError) -> Bool {
        if mkdir(path, mode) == 0 { return true }
        guard errno == EEXIST else { throw .failed(operation: "mkdir", path: path, errno: errno) }
        return false
    }

    /// Makes folders in one folder where they are missing, durably, with one sync for all.
    static func makeFolders(_ folders: [String], in parent: String) throws(StorageError) {
        var made: [String] = []
        do {
            for folder in folders where try makeFolderUnsynced(folder) { made.append(folder) }
            if !made.isEmpty { try syncFolder(parent) }
        } catch {
            // As above.
            for folder in made { rmdir(folder) }
            throw error
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

    /// Writes all bytes at an offset of the file.
    static func writeAll(
        _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int64, path: String
    ) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(done))
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + Int64(done)))
            if count == -1, errno == EINTR { continue }
            done += try check("write", path, count)
        }
    }

    static func writeAll(
        _ descriptor: Int32, _ bytes: [UInt8], at offset: Int64 = 0, path: String
    ) throws(StorageError) {
        let outcome: Result<Void, StorageError> = bytes.withUnsafeBytes { buffer in
            do throws(StorageError) {
                return .success(try writeAll(descriptor, buffer, at: offset, path: path))
            } catch { return .failure(error) }
        }
        try outcome.get()
    }

    /// Writes a small file in place of another, durably: afterwards the one or the other is there, whole.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o600) throws(StorageError) {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = try check("open", temporary, open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode))
        defer { close(descriptor) }
        try writeAll(descriptor, bytes, path: temporary)
        try check("fsync", temporary, fsync(descriptor))
        try check("rename", temporary, rename(temporary, path))
        try syncFolder(folder(of: path))
    }

    /// Opens a part for reading and writing. What lies there and is no regular file of ours alone makes way for a new
    /// one.
    /// - Returns: also whether it was proven (``isProven(_:)``).
    static func openPart(_ path: String) throws(StorageError) -> (descriptor: Int32, wasProven: Bool) {
        let known = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if known >= 0 {
            defer { close(known) }
            var status = stat()
            if fstat(known, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 {
                let wasProven = isProven(status)
                let opened = wasProven && fchmod(known, 0o600) != 0 ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
                if opened >= 0 { return (opened, wasProven) }
            }
        }
        if unlink(path) == -1, errno != ENOENT { removeTree(path) }
        let new = try check("open", path, open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600))
        return (new, false)
    }

    /// Whether a part is read-only and ours alone: then it was whole and proven once, and about to be published.
    static func isProven(_ part: String) -> Bool {
        var status = stat()
        return lstat(part, &status) == 0 && isProven(status)
    }

    private static func isProven(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1 && status.st_mode & 0o200 == 0
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
