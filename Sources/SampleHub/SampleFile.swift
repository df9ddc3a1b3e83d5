import RegistryCore

/// A file of a sample repository.
struct SampleFile: Sendable {
    let path: String
    /// Where the bytes are on disk.
    let location: String
    let size: Int64
    /// What git holds: the content's id, or for a file in LFS the pointer's.
    let gitObject: GitObjectID
    let lfs: LFS?

    struct LFS: Sendable {
        /// As announced; see ``RepositorySettings/announced``.
        let digest: SHA256Digest
        let pointerSize: Int64

        init(_ digest: SHA256Digest, size: Int64) {
            self.digest = digest
            pointerSize = Int64(Self.pointer(digest, size: size).utf8.count)
        }

        static func pointer(_ digest: SHA256Digest, size: Int64) -> String {
            "version https://git-lfs.github.com/spec/v1\noid sha256:\(digest.hex)\nsize \(size)\n"
        }
    }

    var etag: String { lfs?.digest.hex ?? gitObject.hex }

    /// An entry of `/tree`: here the SHA-256 is called `oid`.
    var treeEntry: [String: JSON] {
        var entry: [String: JSON] = [
            "type": .text("file"), "oid": .text(gitObject.hex), "size": .integer(size), "path": .text(path),
        ]
        if let lfs {
            entry["lfs"] = .object([
                "oid": .text(lfs.digest.hex), "size": .integer(size), "pointerSize": .integer(lfs.pointerSize),
            ])
        }
        return entry
    }

    /// An entry of `siblings`, with `blobs=true` in full: here the SHA-256 is called `sha256`.
    func sibling(withBlobs: Bool) -> JSON {
        var entry: [String: JSON] = ["rfilename": .text(path)]
        guard withBlobs else { return .object(entry) }
        entry["size"] = .integer(size)
        entry["blobId"] = .text(gitObject.hex)
        if let lfs {
            entry["lfs"] = .object([
                "sha256": .text(lfs.digest.hex), "size": .integer(size), "pointerSize": .integer(lfs.pointerSize),
            ])
        }
        return .object(entry)
    }
}
