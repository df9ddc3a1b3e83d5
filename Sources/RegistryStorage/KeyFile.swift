import Glibc

/// A small secret in a file of its own, readable by its owner alone.
package enum KeyFile {
    /// Writes the secret durably, mode 0600.
    package static func write(_ text: String, to path: String) throws(StorageError) {
        try PosixFile.replace(path, with: Array(text.utf8))
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
