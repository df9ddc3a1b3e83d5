import Foundation
import RegistryCore
import RegistryStorage
import Testing

/// A disk of 1 MiB: a tmpfs in another process's mount namespace, reached through `/proc/<pid>/root`. Root can mount
/// one directly, but so leaves nothing behind if the tests are killed; and where a user may make namespaces (Debian's
/// default), it needs no root at all.
private final class SmallDisk {
    let root: String
    private let mounted: HelperProcess
    private let folder: TemporaryStorage

    init() throws {
        folder = try TemporaryStorage()
        mounted = try HelperProcess(
            "/usr/bin/unshare", "-rm", "/bin/sh", "-c",
            #"mount -t tmpfs -o size=1m tmpfs "$0" && echo ready && exec cat"#, folder.folder)
        root = "/proc/\(mounted.pid)/root\(folder.folder)"
    }

    /// Whether this machine lets this user have one; a container may not.
    static let isPossible = (try? SmallDisk()) != nil
}

@Suite(.enabled(if: SmallDisk.isPossible, "unshare -rm and a tmpfs are not allowed here"))
struct FullDiskTests {
    @Test func aFullDiskIsAnErrorThatSaysSoAndTheFetchGoesOnWhenThereIsRoom() throws {
        let disk = try SmallDisk()
        let layout = StorageLayout(root: "\(disk.root)/storage")
        let store = try BlobStore(layout: layout)
        let filler = "\(disk.root)/filler"
        try Data(count: 512 << 10).write(to: URL(filePath: filler))

        let sample = Sample(count: 800 << 10)
        let file = try sample.ingest(in: store)
        let error = try #require(#expect(throws: StorageError.self) { try file.write(sample.bytes) })
        #expect(error.description.hasPrefix("no space left on the disk of \(layout.ingest)"))
        #expect(error.description.contains("LAPIDARY_STORAGE"))
        #expect(!store.contains(sample.digest))

        try FileManager.default.removeItem(atPath: filler)
        let next = try sample.ingest(in: store)
        #expect(next.offset == 0)
        try next.write(sample.bytes.dropFirst(Int(next.offset)))
        #expect(try next.verify(expecting: sample.digest, gitObject: sample.gitObject) == sample.digest)
        try store.publish([next])
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
    }

    @Test func aKeyIsWrittenWholeOrNotAtAll() throws {
        let disk = try SmallDisk()
        let path = "\(disk.root)/key"
        try KeyFile.write("the old key", to: path)
        // Fill the disk to its last page.
        let filler = try FileHandle(forWritingTo: Self.emptyFile("\(disk.root)/filler"))
        while (try? filler.write(contentsOf: Data(count: 4096))) != nil {}
        let error = #expect(throws: StorageError.self) { try KeyFile.write("the new key", to: path) }
        #expect(error?.description.hasPrefix("no space left") == true)
        #expect(KeyFile.read(path) == "the old key")
    }

    @Test func aSmallDiskKeepsATenthInReserve() throws {
        let disk = try SmallDisk()
        let store = try BlobStore(layout: StorageLayout(root: "\(disk.root)/storage"))
        try store.requireSpace(for: 700 << 10)
        let error = try #require(
            #expect(throws: StorageError.self) { try store.requireSpace(for: 1 << 20) })
        guard case .full(_, let needed, let free) = error else {
            Issue.record("unexpected error: \(error)")
            return
        }
        #expect(needed == 1 << 20)
        #expect(free <= 1 << 20)
    }

    private static func emptyFile(_ path: String) throws -> URL {
        try Data().write(to: URL(filePath: path))
        return URL(filePath: path)
    }
}
