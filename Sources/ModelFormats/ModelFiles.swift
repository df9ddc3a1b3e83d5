import Foundation

/// What a model is made of: paths inside its repository and the files that hold them, in order of path bytes.
///
/// Paths are compared as bytes. Only what a check needs is ever opened.
package struct ModelFiles: Sendable {
    package struct Entry: Equatable, Sendable {
        /// The path inside the repository, `/` between parts.
        package let path: String
        /// Where the bytes are on this disk.
        package let location: String

        package init(path: String, location: String) {
            self.path = path
            self.location = location
        }
    }

    package static let maximumCount = 20_000
    package static let maximumDepth = 8

    package let entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// The regular files below a directory, as a Hugging Face snapshot lays them out (symbolic links to blobs are
    /// files; links to directories and hidden directories such as `.cache` and `.git` are not entered).
    package init(directory: String) throws(ModelFormatError) {
        var found: [Entry] = []
        try Self.collect(directory, prefix: "", depth: 0, into: &found)
        self.init(found)
    }

    package subscript(_ path: String) -> Entry? {
        entries.first { $0.path.utf8.elementsEqual(path.utf8) }
    }

    /// Opens a file of the model; messages call it by its path in the repository.
    package func open(_ path: String) throws(ModelFormatError) -> ReadableFile {
        guard let entry = self[path] else { throw .unreadable(file: path, reason: "not among the files of this model") }
        return try ReadableFile(name: path, at: entry.location)
    }

    /// The parsed JSON of a small file, nil when the model has no such file.
    package func json(_ path: String, limit: Int = 4 << 20) throws -> JSONValue? {
        guard self[path] != nil else { return nil }
        return try JSONValue(parsing: try open(path).contents(limit: limit), file: path)
    }

    private static func collect(
        _ directory: String, prefix: String, depth: Int, into found: inout [Entry]
    ) throws(ModelFormatError) {
        let shown = prefix.isEmpty ? directory : prefix
        guard depth <= maximumDepth else {
            throw .tooLarge(file: shown, what: "depth", limit: maximumDepth, got: depth)
        }
        guard let stream = opendir(directory) else {
            throw .unreadable(file: shown, reason: String(cString: strerror(errno)))
        }
        defer { closedir(stream) }
        while let record = readdir(stream) {
            let name = withUnsafePointer(to: &record.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name else { throw .unreadable(file: shown, reason: "a file name that is not UTF-8") }
            if name == "." || name == ".." { continue }
            let location = directory + "/" + name
            var own = stat(), target = stat()
            // A dangling link is no file: whoever needs it says that it is missing.
            guard lstat(location, &own) == 0, stat(location, &target) == 0 else { continue }
            if own.st_mode & S_IFMT == S_IFDIR {
                guard !name.hasPrefix(".") else { continue }
                try collect(location, prefix: prefix + name + "/", depth: depth + 1, into: &found)
            } else if target.st_mode & S_IFMT == S_IFREG {
                found.append(Entry(path: prefix + name, location: location))
                guard found.count <= maximumCount else {
                    throw .tooLarge(file: shown, what: "number of files", limit: maximumCount, got: found.count)
                }
            }
        }
    }
}
