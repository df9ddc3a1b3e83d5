import RegistryCore
import RegistryStorage

/// A file of the workloads, with what its bytes really are.
struct Sample: Sendable {
    let path: String
    let bytes: [UInt8]
    let digest: SHA256Digest
    let gitObject: GitObjectID

    init(_ path: String, count: Int, seed: UInt64) {
        self.init(path, Self.noise(count, seed))
    }

    init(_ path: String, _ bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        digest = ContentDigests.sha256(of: bytes)
        gitObject = ContentDigests.gitObject(of: bytes)
    }

    var size: Int64 { Int64(bytes.count) }
    var entry: FileEntry {
        get throws {
            FileEntry(path: try RepositoryPath(path), size: size, gitObject: gitObject, isLFS: true, digest: digest)
        }
    }

    /// An empty file, one of an odd size, one of several pages.
    static let few = [
        Sample("empty.txt", []), Sample("odd.bin", count: 5_003, seed: 1), Sample("pages.bin", count: 70_000, seed: 2),
    ]
    /// So many that they are synced together.
    static let many = (0..<20).map { Sample("many-\($0).bin", count: 600 + 900 * $0, seed: 100 + UInt64($0)) }
    /// Too large to be fetched without a record of its pieces.
    static let large = Sample("large.bin", count: 16 << 20 + 12_345, seed: 3)
    static let config = Sample("config.json", Array(#"{"model_type": "gemma3_text"}"#.utf8))

    func ingest(in store: BlobStore, of repository: String = Sample.repository) throws -> IngestFile {
        try store.ingest("\(repository)/\(path)", of: repository, size: size, sha256: digest, gitObject: gitObject)
    }

    static let repository = "crash/files"

    private static func noise(_ count: Int, _ seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return [UInt8](unsafeUninitializedCapacity: (count + 7) / 8 * 8) { buffer, filled in
            let words = UnsafeMutableRawBufferPointer(buffer).bindMemory(to: UInt64.self)
            for index in words.indices {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                words[index] = state
            }
            filled = count
        }
    }
}
