import Foundation
import RegistryCore
import RegistryStorage
import Testing

@Suite struct ViewTests {
    private static func manifest(_ files: [(path: String, sample: Sample)]) throws -> Manifest {
        Manifest(
            try files.map { path, sample in
                FileEntry(
                    path: try RepositoryPath(path), size: sample.size, gitObject: sample.gitObject, isLFS: false,
                    digest: sample.digest)
            })
    }

    @Test func aViewHoldsTheSnapshotsFilesUnderTheirNamesWithoutCopyingThem() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let files = [
            ("config.json", Sample("{}")), ("sub/dir/weights é.bin", Sample(count: 100_000)),
            ("sub/copy.json", Sample("{}")),
        ]
        for (_, sample) in files { try sample.publish(in: store) }
        let view = try store.makeView(of: Self.manifest(files))
        for (path, sample) in files {
            #expect(contents("\(view)/\(path)") == sample.bytes)
            #expect(try inode("\(view)/\(path)") == inode(store.path(of: sample.digest)))
        }
        store.removeView(view)
        #expect(!FileManager.default.fileExists(atPath: view))
        for (_, sample) in files { #expect(contents(try store.path(of: sample.digest)) == sample.bytes) }
    }

    @Test func twoViewsOfTheSameBytesDoNotMeetAndWhatACrashLeftIsSweptAtTheNextStart() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let files = [("a/b/c.txt", Sample("abc"))]
        try Sample("abc").publish(in: store)
        let view = try store.makeView(of: Self.manifest(files))
        try Data("left".utf8).write(to: URL(filePath: "\(view)/a/left"))
        let other = try store.makeView(of: Self.manifest(files))
        #expect(other != view)
        #expect(names(in: "\(view)/a") == ["b", "left"])
        #expect(names(in: "\(other)/a") == ["b"])
        store.removeView(other)
        #expect(names(in: "\(view)/a") == ["b", "left"])

        let next = try storage.store()
        #expect(names(in: storage.layout.ingest).isEmpty)
        #expect(contents(try next.path(of: Sample("abc").digest)) == Array("abc".utf8))
    }

    @Test func aViewOfAMissingBlobIsRefused() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let error = #expect(throws: StorageError.self) {
            try store.makeView(of: Self.manifest([("a", Sample("never here"))]))
        }
        #expect(error?.description.contains("\(Sample("never here").digest)") == true)
        #expect(names(in: storage.layout.ingest).isEmpty)
    }

    @Test func removingAViewDoesNotFollowSymbolicLinks() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let outside = "\(storage.folder)/outside"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        try Data("kept".utf8).write(to: URL(filePath: "\(outside)/kept"))
        let view = "\(storage.layout.ingest)/view-x"
        try FileManager.default.createDirectory(atPath: view, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(view)/link", withDestinationPath: outside)
        store.removeView(view)
        #expect(!FileManager.default.fileExists(atPath: view))
        #expect(names(in: outside) == ["kept"])
    }
}
