/// A path in a snapshot, and every name its bytes have.
package struct FileEntry: Hashable, Sendable, Codable {
    package let path: RepositoryPath
    /// Bytes.
    package let size: Int64
    /// What the Hub's tree says: for an LFS file, the id of its *pointer*; else of the content.
    package let gitObject: GitObjectID
    /// True where upstream keeps the file in LFS: then its SHA-256 is what clients get as the ETag.
    package let isLFS: Bool
    /// SHA-256 of the content, computed here.
    package let digest: SHA256Digest

    package init(path: RepositoryPath, size: Int64, gitObject: GitObjectID, isLFS: Bool, digest: SHA256Digest) {
        self.path = path
        self.size = size
        self.gitObject = gitObject
        self.isLFS = isLFS
        self.digest = digest
    }

    /// The ETag without quotes: SHA-256 for LFS files, the git object id for the others (hub-protocol 2.1).
    package var etag: String { isLFS ? digest.hex : gitObject.hex }

    /// Bytes of the LFS pointer that git holds in the file's place, by git-lfs's pointer format.
    package var pointerSize: Int64 {
        Int64("version https://git-lfs.github.com/spec/v1\noid sha256:\(digest.hex)\nsize \(size)\n".utf8.count)
    }
}

/// A file of a commit that was neither fetched nor is served, because its format is not allowed.
package struct LeftOutFile: Hashable, Sendable, Codable {
    package let path: String
    /// Format name: `pickle`, `python`, ….
    package let format: String

    package init(path: String, format: String) {
        self.path = path
        self.format = format
    }
}

/// The files of a snapshot as one text, and the digest that every piece of evidence is bound to.
///
/// A line per file in byte order of paths: `sha256:<hex> <size> <path>\n`. The repository's name is not part of it:
/// the same bytes under two names have one manifest, and one verdict.
package struct Manifest: Hashable, Sendable {
    package let entries: [FileEntry]

    package init(_ entries: [FileEntry]) { self.entries = entries.sorted { $0.path < $1.path } }

    package var text: String { entries.map { "\($0.digest) \($0.size) \($0.path)\n" }.joined() }
    package var digest: SHA256Digest { ContentDigests.sha256(of: Array(text.utf8)) }
    /// Bytes of all files together.
    package var totalSize: Int64 { entries.reduce(0) { $0.addingReportingOverflow($1.size).partialValue } }
}
