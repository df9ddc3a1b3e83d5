package import RegistryCore

/// A file as upstream's tree lists it.
package struct UpstreamFile: Sendable, Hashable {
    package let path: RepositoryPath
    /// Bytes.
    package let size: Int64
    /// The id of what git holds: of the content, or for a file in LFS of its pointer.
    package let gitObject: GitObjectID
    /// SHA-256 of the content, for files in LFS.
    package let lfsDigest: SHA256Digest?

    package init(path: RepositoryPath, size: Int64, gitObject: GitObjectID, lfsDigest: SHA256Digest?) {
        self.path = path
        self.size = size
        self.gitObject = gitObject
        self.lfsDigest = lfsDigest
    }

    /// What `X-Linked-Etag` must say, without quotes.
    var etag: String { lfsDigest?.hex ?? gitObject.hex }
}
