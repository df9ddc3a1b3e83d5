import Foundation
import RegistryCore
import RegistryStorage
import Testing

/// Files of this machine that become blobs under a second name.
struct LinkTests {
    private let storage: TemporaryStorage
    private let sample = Sample(count: 10_000)
    private var source: String { "\(storage.folder)/model.bin" }

    init() throws {
        storage = try TemporaryStorage()
        try Data(sample.bytes).write(to: URL(filePath: source))
    }

    @Test func aLinkThatAKillLeftBesideItsPartIsSwept() throws {
        _ = try storage.store()
        try FileManager.default.linkItem(atPath: source, toPath: "\(storage.layout.ingest)/a.part.link")
        _ = try storage.store()
        #expect(names(in: storage.layout.ingest) == [])
        #expect(contents(source) == sample.bytes)
    }

    @Test func theSameFileLinkedInTwiceIsOneBlobAndLeavesNoPart() throws {
        let store = try storage.store()
        for _ in 0..<2 {
            let file = try sample.ingest(in: store)
            _ = try file.fill(from: source, sharing: true)
            #expect(try file.isRight(expecting: sample.digest, gitObject: nil))
            try store.publish([file])
            #expect(names(in: storage.layout.ingest) == [])
        }
        #expect(contents(try store.path(of: sample.digest)) == sample.bytes)
    }

    @Test func aLinkedFileThatIsNotWhatWasAnnouncedIsFetchedInsteadAndStaysAsItIs() throws {
        let store = try storage.store()
        let other = Sample(String(repeating: "x", count: 10_000))
        let file = try other.ingest(in: store)
        _ = try file.fill(from: source, sharing: true)
        #expect(try !file.isRight(expecting: other.digest, gitObject: nil))
        try file.restart(validator: nil)
        try file.write(other.bytes)
        #expect(try file.verify(expecting: other.digest, gitObject: nil) == other.digest)
        try store.publish([file])
        #expect(contents(try store.path(of: other.digest)) == other.bytes)
        #expect(contents(source) == sample.bytes)
        #expect(try permissions(source) == 0o644)
    }
}
