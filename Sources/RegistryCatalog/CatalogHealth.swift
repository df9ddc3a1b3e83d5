import Foundation
import GRDB
package import RegistryCore

/// What a catalogue's file is like, looked at beside its owner, for reading alone.
package struct CatalogHealth: Sendable {
    /// Bytes of the database and its write-ahead log.
    package let size: Int64
    /// What SQLite finds wrong; nil where it was not asked, because that would take long.
    package let problems: [String]?
    /// The newest moment that it tells of.
    package let newest: Timestamp?

    /// Blocking, for seconds at most.
    /// - Parameter limit: bytes of a database up to which SQLite checks all of it.
    /// - Throws: ``CatalogError``, also where a newer Lapidary made it.
    package init(path: String, checkingUpTo limit: Int64 = 256 << 20) throws(CatalogError) {
        func bytes(_ path: String) -> Int64 {
            (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64).flatMap { $0 } ?? 0
        }
        size = bytes(path) + bytes("\(path)-wal")
        let isChecked = size <= limit
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA trusted_schema = OFF") }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let isNewer = try queue.read { try Migrations.migrator.hasBeenSuperseded($0) }
            guard !isNewer else { throw CatalogError.newer(path: path) }
            (problems, newest) = try queue.read { database in
                let lines =
                    isChecked ? try String.fetchAll(database, sql: "PRAGMA quick_check(20)").filter { $0 != "ok" } : nil
                return (lines, try Self.newest(in: database))
            }
        } catch let error as CatalogError {
            throw error
        } catch { throw .from(error, path: path) }
    }

    /// Of the last row of every table that grows with time.
    private static func newest(in database: Database) throws -> Timestamp? {
        let columns = [
            ("audit_entries", "at"), ("snapshots", "created_at"), ("jobs", "created_at"),
            ("transfers", "ended_at"), ("evidence", "made_at"), ("decisions", "made_at"),
        ]
        return try columns.compactMap { table, column in
            guard try database.tableExists(table),
                try database.columns(in: table).contains(where: { $0.name == column })
            else { return nil }
            return try String.fetchOne(database, sql: "SELECT \(column) FROM \(table) ORDER BY id DESC LIMIT 1")
                .flatMap { Timestamp($0) }
        }.max()
    }
}
