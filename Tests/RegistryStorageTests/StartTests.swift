import Foundation
import RegistryCore
import RegistryStorage
import Testing

@Suite struct StartTests {
    @Test func aStartSweepsAllButPartsOfThisWeekThatHaveARecordOrWereProven() throws {
        let storage = try TemporaryStorage()
        let ingest = storage.layout.ingest
        _ = try storage.store()
        let day: TimeInterval = 24 * 3600
        for (name, age) in [
            ("old.part", 8 * day), ("old.ranges", 8 * day), ("young.part", 6 * day), ("young.ranges", 6 * day),
            ("unrecorded.part", 0), ("proven.part", 0), ("linked.part", 0), ("linked.ranges", 0), ("gone.ranges", 0),
            ("new.ranges.new", 0), ("a.part.link", 0),
        ] {
            try Data("x".utf8).write(to: URL(filePath: "\(ingest)/\(name)"))
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: "\(ingest)/\(name)")
        }
        for name in ["proven.part", "linked.part"] {
            try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: "\(ingest)/\(name)")
        }
        try FileManager.default.linkItem(atPath: "\(ingest)/linked.part", toPath: "\(storage.layout.root)/other")
        _ = try storage.store()
        #expect(names(in: ingest) == ["proven.part", "young.part", "young.ranges"])
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
