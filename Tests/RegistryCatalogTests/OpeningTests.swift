import Foundation
import RegistryCatalog
import RegistryCore
import Testing

@Suite struct OpeningTests {
    @Test func whatWasRecordedIsThereWhenItIsOpenedAgain() async throws {
        let temporary = try TemporaryCatalog()
        let first = try temporary.open()
        try await first.promote(gemma, commit(1), [entry("model.safetensors", "w")])
        // A second connection while the first is open, as after a crash whose WAL was never checkpointed.
        let second = try temporary.open()
        #expect(try await second.snapshot(gemma, .main)?.commit == commit(1))
        #expect(try await second.schema() == first.schema())
        try await second.promote(gemma, commit(2), [entry("model.safetensors", "w")])
        #expect(try await first.snapshot(gemma, .main)?.commit == commit(2))
    }

    @Test func aNewerSchemaIsRefused() async throws {
        let temporary = try TemporaryCatalog()
        _ = try await temporary.open().schema()
        try temporary.sql("INSERT INTO grdb_migrations VALUES ('99 from the future')")
        let error = try #require(#expect(throws: CatalogError.self) { try temporary.open() })
        #expect(error.description.contains("written by a newer Lapidary"))
        #expect(error.description.contains(temporary.path))
    }

    @Test(arguments: [
        "this is not a database, but a text that somebody put there by mistake\n", "x", "SQLite format 3",
    ])
    func aFileThatIsNoDatabaseIsRefusedAndLeftAlone(text: String) throws {
        let temporary = try TemporaryCatalog()
        try Data(String(repeating: text, count: 100).utf8).write(to: URL(filePath: temporary.path))
        let before = try Data(contentsOf: URL(filePath: temporary.path))
        let error = try #require(#expect(throws: CatalogError.self) { try temporary.open() })
        #expect(error.description.contains("damaged or not a database"))
        #expect(error.description.contains(temporary.path))
        #expect(try Data(contentsOf: URL(filePath: temporary.path)) == before)
    }

    @Test func aDamagedDatabaseIsNamed() async throws {
        let temporary = try TemporaryCatalog()
        _ = try await temporary.open().schema()
        try temporary.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        let file = try FileHandle(forUpdating: URL(filePath: temporary.path))
        try file.seek(toOffset: 100)
        try file.write(contentsOf: Data(repeating: 0x5A, count: 3000))
        try file.close()
        let error = try #require(#expect(throws: CatalogError.self) { try temporary.open() })
        #expect(error.description.contains("damaged or not a database"))
    }

    @Test func aFolderThatIsMissingIsNamed() throws {
        let error = #expect(throws: CatalogError.self) { try Catalog(path: "/nonexistent/registry.sqlite") }
        #expect(error?.description.contains("/nonexistent/registry.sqlite") == true)
    }
}
