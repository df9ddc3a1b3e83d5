import Foundation
import RegistryCore
import RegistryStorage
import Testing

@Suite struct ResumeTests {
    @Test(arguments: [0, 1, 1_048_576, 2_000_000, 3_000_000])
    func aFetchGoesOnWhereAnEarlierOneStopped(count: Int) throws {
        let storage = try TemporaryStorage()
        let sample = Sample(count: 3_000_000)
        let first = try sample.ingest(in: storage.store())
        try first.write(sample.bytes.prefix(count))

        // Another owner of the folder, later.
        let store = try storage.store()
        let second = try sample.ingest(in: store)
        #expect(second.offset == Int64(count))
        try second.write(sample.bytes.dropFirst(count))
        #expect(try second.verify(expecting: sample.digest, gitObject: sample.gitObject) == sample.digest)
        try second.publish()
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
    }

    @Test func aRestartForgetsWhatIsHere() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("the right bytes")
        let file = try sample.ingest(in: store)
        try file.write(Array("wrong bytes that are longer than the right ones".utf8))
        try file.restart()
        #expect(file.offset == 0)
        try file.write(sample.bytes)
        _ = try file.verify(expecting: sample.digest, gitObject: sample.gitObject)
        try file.publish()
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
    }

    @Test func aPartLongerThanAnnouncedStartsOver() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        try sample.ingest(in: store).write(Array("abcdef".utf8))
        let file = try sample.ingest(in: store)
        #expect(file.offset == 0)
        try file.write(sample.bytes)
        #expect(try file.verify(expecting: sample.digest, gitObject: nil) == sample.digest)
    }

    @Test func aDamagedPartIsFoundOutInTheEnd() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abcdef")
        try sample.ingest(in: store).write(Array("abX".utf8))
        let file = try sample.ingest(in: store)
        #expect(file.offset == 3)
        try file.write(Array("def".utf8))
        #expect(throws: StorageError.self) { try file.verify(expecting: sample.digest, gitObject: nil) }
        #expect(!store.contains(sample.digest))
        // The next attempt begins with nothing.
        #expect(try sample.ingest(in: store).offset == 0)
    }

    @Test func aDiscardedPartIsGone() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        try sample.ingest(in: store).write(Array("ab".utf8))
        store.discardPart(sha256: sample.digest, gitObject: sample.gitObject)
        #expect(names(in: storage.layout.ingest).isEmpty)
    }

    @Test func aPartThatIsASymbolicLinkIsNotFollowed() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let sample = Sample("abc")
        let target = "\(storage.folder)/target"
        try Data("untouched".utf8).write(to: URL(filePath: target))
        try FileManager.default.createSymbolicLink(
            atPath: "\(storage.layout.ingest)/sha256-\(sample.digest.hex).part", withDestinationPath: target)
        #expect(throws: StorageError.self) { try sample.ingest(in: store) }
        #expect(contents(target) == Array("untouched".utf8))
    }
}
