import Foundation
import RegistryCatalog
import Testing

@Suite struct SchemaTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Storage/schema.sql")

    @Test func theSchemaIsWhatStorageSchemaSQLSays() async throws {
        let schema = try await TemporaryCatalog().open().schema()
        if ProcessInfo.processInfo.environment["LAPIDARY_RENEW_SCHEMA"] == "1" {
            try schema.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let written = (try? String(contentsOf: Self.file, encoding: .utf8)) ?? ""
        let changes = Self.lines(schema).difference(from: Self.lines(written)).map { change in
            switch change {
            case .insert(let offset, let line, _): "\(offset + 1) + \(line)"
            case .remove(let offset, let line, _): "\(offset + 1) - \(line)"
            }
        }
        #expect(
            written == schema,
            """
            Storage/schema.sql is not the catalogue's schema; LAPIDARY_RENEW_SCHEMA=1 make test renews it
            \(changes.joined(separator: "\n"))
            """)
    }

    @Test func everyTableIsStrictAndTheFileIsInWALMode() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let lax = try temporary.sql(
            """
            SELECT name FROM pragma_table_list
            WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'
                AND name <> 'grdb_migrations'
            """)
        #expect(lax.isEmpty)
        #expect(try temporary.sql("PRAGMA journal_mode") == [["wal"]])
        #expect(try temporary.sql("PRAGMA integrity_check") == [["ok"]])
        withExtendedLifetime(catalog) {}
    }

    @Test func theWriterWaitsForTheDiskAtEveryCommit() async throws {
        #expect(try await TemporaryCatalog().open().synchronous() == .full)
    }

    private static func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }
}
