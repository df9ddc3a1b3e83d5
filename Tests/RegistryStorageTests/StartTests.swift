import Foundation
import RegistryCore
import RegistryStorage
import Testing

@Suite struct StartTests {
    @Test func aStartSweepsPartsThatNobodyCameBackForInAWeek() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        let day: TimeInterval = 24 * 3600
        for (text, age) in [("old", 8 * day), ("young", 6 * day), ("new", 0)] {
            let sample = Sample(text)
            try sample.ingest(in: store).write(sample.bytes.prefix(2))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)],
                ofItemAtPath: "\(storage.layout.ingest)/sha256-\(sample.digest.hex).part")
        }
        let next = try storage.store()
        #expect(try Sample("young").ingest(in: next).offset == 2)
        #expect(try Sample("new").ingest(in: next).offset == 2)
        #expect(!names(in: storage.layout.ingest).contains("sha256-\(Sample("old").digest.hex).part"))
    }

    @Test func aStartTouchesNeitherBlobsNorQuarantine() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        try Sample("abc").publish(in: store)
        let kept = "\(storage.layout.quarantine)/kept"
        try Data("evidence".utf8).write(to: URL(filePath: kept))
        for path in [kept, try store.path(of: Sample("abc").digest)] {
            try FileManager.default.setAttributes([.modificationDate: Date.distantPast], ofItemAtPath: path)
        }
        let next = try storage.store()
        #expect(next.contains(Sample("abc").digest))
        #expect(contents(kept) == Array("evidence".utf8))
    }

    @Test func moreThanFitsIsRefusedBeforeItIsFetched() throws {
        let storage = try TemporaryStorage()
        let store = try storage.store()
        try store.requireSpace(for: 0)
        for bytes in [Int64.max, Int64.max - 1, 1 << 60] {
            let error = #expect(throws: StorageError.self) { try store.requireSpace(for: bytes) }
            #expect(error?.description.contains("is full") == true)
            #expect(error?.description.contains("LAPIDARY_STORAGE") == true)
        }
    }
}
