import Glibc

/// A small secret in a file of its own, readable by its owner alone.
package enum KeyFile {
    /// Writes the secret durably, mode 0600.
    package static func write(_ text: String, to path: String) throws(StorageError) {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = try check("open", temporary, open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
        defer { close(descriptor) }
        try PosixFile.writeAll(descriptor, Array(text.utf8), path: temporary)
        try check("fsync", temporary, fsync(descriptor))
        try check("rename", temporary, rename(temporary, path))
        try PosixFile.syncFolder(PosixFile.folder(of: path))
    }

    /// Nil where there is no such file, or it is not ours to read.
    package static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text: [UInt8] = []
        try? PosixFile.readAll(descriptor, path: path, upTo: 4096) { text.append(contentsOf: $0) }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
}
