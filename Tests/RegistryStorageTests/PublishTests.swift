import Foundation
import RegistryCore
import RegistryStorage
import Testing

@Suite struct PublishTests {
    @Test func aBlobAppearsCompleteAndReadOnlyAndThePartIsGone() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample(count: 3_000_001)
        let file = try sample.ingest(in: store)
        for start in stride(from: 0, to: sample.bytes.count, by: 700_001) {
            try file.write(sample.bytes[start..<min(start + 700_001, sample.bytes.count)])
        }
        #expect(file.offset == sample.size)
        #expect(try file.verify(expecting: sample.digest, gitObject: sample.gitObject) == sample.digest)
        #expect(!store.contains(sample.digest))
        #expect(names(in: storage.layout.ingest).map { $0.hasSuffix("-sha256-\(sample.digest.hex).part") } == [true])

        try store.publish([file])
        #expect(store.size(of: sample.digest) == sample.size)
        let path = try store.path(of: sample.digest)
        #expect(path == "\(storage.layout.root)/blobs/sha256/\(sample.digest.hex.prefix(2))/\(sample.digest.hex)")
        #expect(contents(path) == sample.bytes)
        #expect(try permissions(path) == 0o444)
        #expect(names(in: storage.layout.ingest).isEmpty)
        #expect(names(in: storage.layout.quarantine).isEmpty)
    }

    @Test func anOrdinaryFileIsNamedByItsGitObjectUntilItsSHA256IsKnown() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("{}")
        let file = try store.ingest("label", of: "sample/tiny", size: 2, sha256: nil, gitObject: sample.gitObject)
        try file.write(sample.bytes)
        #expect(names(in: storage.layout.ingest).map { $0.hasSuffix("-git-\(sample.gitObject.hex).part") } == [true])
        #expect(try file.verify(expecting: nil, gitObject: sample.gitObject) == sample.digest)
        try store.publish([file])
        #expect(store.contains(sample.digest))
    }

    @Test func anEmptyFileIsABlobToo() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        try Sample("").publish(in: store)
        #expect(store.size(of: Sample("").digest) == 0)
    }

    @Test func thousandsOfFilesAreMadeBlobsTogetherWithFewDescriptors() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let samples = (0..<3000).map { Sample("file \($0)") }
        let files = try samples.map { sample in
            let file = try sample.ingest(in: store)
            try file.write(sample.bytes)
            _ = try file.verify(expecting: sample.digest, gitObject: sample.gitObject)
            return file
        }
        #expect(names(in: "/proc/self/fd").count < 1000)
        try store.publish(files)
        for sample in samples { #expect(contents(try store.path(of: sample.digest)) == sample.bytes) }
        #expect(names(in: storage.layout.ingest).isEmpty)
    }

    @Test func theSameBytesTwiceAreOneBlob() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        try sample.publish(in: store)
        try sample.publish(in: store)
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
        #expect(names(in: storage.layout.ingest).isEmpty)
    }

    @Test func whatWasNotVerifiedCannotBePublished() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        let file = try sample.ingest(in: store)
        try file.write(sample.bytes)
        #expect(throws: StorageError.self) { try store.publish([file]) }
        #expect(!store.contains(sample.digest))
    }

    @Test func whatWasVerifiedCannotBeWrittenToAnyMore() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        let file = try sample.ingest(in: store)
        try file.write(sample.bytes)
        _ = try file.verify(expecting: sample.digest, gitObject: nil)
        #expect(throws: StorageError.self) { try file.write(Array("abd".utf8), at: 0) }
        #expect(throws: StorageError.self) { try file.restart(validator: nil) }
        try store.publish([file])
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
    }

    @Test func aRemovedBlobIsGoneAndRemovingItAgainIsNoError() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        try sample.publish(in: store)
        try store.remove(sample.digest)
        #expect(!store.contains(sample.digest))
        try store.remove(sample.digest)
        let error = #expect(throws: StorageError.self) { try store.path(of: sample.digest) }
        #expect(error?.description.contains("mirror its repository again") == true)
    }

    @Test func removingABlobThatWasNeverHereIsNoError() throws {
        let storage = try TemporaryStorage()
        try storage.store().remove(Sample("never here").digest)
    }

    @Test func aBlobThatIsASymbolicLinkOrAFolderDoesNotCountAsPresent() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        for (sample, isFolder) in [(Sample("link"), false), (Sample("folder"), true)] {
            try sample.publish(in: store)
            let path = try store.path(of: sample.digest)
            try FileManager.default.removeItem(atPath: path)
            if isFolder {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            } else {
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/etc/passwd")
            }
            #expect(!store.contains(sample.digest))
        }
    }

    @Test(arguments: ["trailing/", "trailing//", "double//inside", "./dot"])
    func theFolderMayBeSpeltInOtherWays(root: String) throws {
        let storage = try TemporaryStorage()
        let store = try BlobStore(layout: StorageLayout(root: "\(storage.folder)/\(root)"))
        try Sample("abc").publish(in: store)
        #expect(contents(try store.path(of: Sample("abc").digest)) == Array("abc".utf8))
        #expect(contents("\(storage.folder)/\(root)/blobs/sha256/ba/\(Sample("abc").digest.hex)") != nil)
    }

    @Test func theFolderMayBeRelativeToTheCurrentOne() throws {
        let storage = try TemporaryStorage()
        let up = FileManager.default.currentDirectoryPath.split(separator: "/").map { _ in "../" }.joined()
        let store = try BlobStore(layout: StorageLayout(root: up + storage.folder.dropFirst() + "/relative"))
        try Sample("abc").publish(in: store)
        #expect(contents("\(storage.folder)/relative/blobs/sha256/ba/\(Sample("abc").digest.hex)") != nil)
    }
}
