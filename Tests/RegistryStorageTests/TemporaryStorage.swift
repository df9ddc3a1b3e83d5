import Foundation
import RegistryCore
import RegistryStorage

/// A storage folder of its own for one test; gone when the value is.
final class TemporaryStorage {
    let folder: String
    let layout: StorageLayout

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "storage-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        layout = StorageLayout(root: "\(folder)/storage")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func store() throws -> BlobStore { try BlobStore(layout: layout) }
}

/// A file as upstream announces it, with what its bytes really are.
struct Sample {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }
    init(count: Int) { bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ 7 &* $0) } }

    var size: Int64 { Int64(bytes.count) }
    var digest: SHA256Digest { ContentDigests.sha256(of: bytes) }
    var gitObject: GitObjectID { ContentDigests.gitObject(of: bytes) }

    /// Announced as an LFS file is: by its SHA-256.
    func ingest(in store: BlobStore, size: Int64? = nil) throws -> IngestFile {
        try store.ingest(
            "sample/tiny@dcc83ea/a.bin", of: "sample/tiny", size: size ?? self.size, sha256: digest,
            gitObject: gitObject)
    }

    /// Puts it into the store.
    func publish(in store: BlobStore) throws {
        let file = try ingest(in: store)
        try file.write(bytes)
        _ = try file.verify(expecting: digest, gitObject: gitObject)
        try store.publish([file])
    }
}

extension IngestFile {
    /// Where the first byte is missing.
    var offset: Int64 { missing.first?.lowerBound ?? size }

    func write(_ bytes: some Collection<UInt8>) throws { try write(bytes, at: offset) }

    func write(_ bytes: some Collection<UInt8>, at offset: Int64) throws {
        try Array(bytes).withUnsafeBytes { try write($0, at: offset) }
    }
}

extension StorageLayout {
    /// The one part that lies in `ingest/`.
    var onlyPart: String? { names(in: ingest).filter { $0.hasSuffix(".part") }.first.map { "\(ingest)/\($0)" } }
}

func contents(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

/// Names in a folder, sorted; empty where there is none.
func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}

func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

func inode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
}
