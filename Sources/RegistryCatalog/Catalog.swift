import Foundation
import GRDB
import RegistryCore

/// What Lapidary knows, in SQLite: `registry.sqlite` in WAL mode, one writer connection that is also the only one
/// that checkpoints, readers beside it. Nothing acknowledged is lost in a power cut (`synchronous = FULL`).
///
/// Queries are literal SQL in the function that owns them; rows become values at once. Methods suspend while GRDB's
/// own threads work.
package struct Catalog: Sendable {
    private let pool: DatabasePool

    /// Opens the database, and makes or migrates it where that is needed.
    /// - Throws: ``CatalogError`` where the file is not a database of ours, or a newer Lapidary made it.
    package init(path: String) throws(CatalogError) {
        do {
            var configuration = Configuration()
            configuration.label = "catalog"
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA trusted_schema = OFF") }
            pool = try DatabasePool(path: path, configuration: configuration)
            // Not in prepareDatabase: GRDB says NORMAL afterwards, when it turns WAL on, and that can lose what was
            // acknowledged just before a power cut.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            let migrator = Migrations.migrator
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) { throw CatalogError.newer(path: path) }
            try migrator.migrate(pool)
        } catch let error as CatalogError {
            throw error
        } catch {
            throw .from(error, path: path)
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await pool.read(body) } catch let error as DatabaseError {
            throw CatalogError.from(error, path: pool.path)
        }
    }

    /// One transaction: all of `body`, or nothing.
    ///
    /// Runs to its end even where the calling task is cancelled: what a cancelled job leaves behind is told to the
    /// catalogue by that very task.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await Task { [pool] in try await pool.write(body) }.value } catch let error as DatabaseError {
            throw CatalogError.from(error, path: pool.path)
        }
    }

    /// How far the writer goes for a commit, as SQLite sees it; ``Synchronous/full`` is what makes a commit durable.
    package func synchronous() async throws -> Synchronous? {
        try await write { try Int.fetchOne($0, sql: "PRAGMA synchronous").flatMap(Synchronous.init) }
    }

    package enum Synchronous: Int, Sendable {
        case off, normal, full, extra
    }

    /// The schema as SQL text; `Storage/schema.sql` is this, kept true by a test.
    package func schema() async throws -> String {
        try await read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT sql || ';' FROM sqlite_schema
                    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations'
                    ORDER BY tbl_name, type DESC, name
                    """
            ).joined(separator: "\n\n") + "\n"
        }
    }
}

/// What can go wrong with the catalogue.
package enum CatalogError: Error, CustomStringConvertible {
    case newer(path: String)
    case notADatabase(path: String, reason: String)
    case full(path: String)
    case failed(path: String, reason: String)

    static func from(_ error: any Error, path: String) -> CatalogError {
        guard let error = error as? DatabaseError else { return .failed(path: path, reason: "\(error)") }
        let reason = error.message ?? "SQLite result code \(error.resultCode.rawValue)"
        return switch error.resultCode {
        case .SQLITE_FULL: .full(path: path)
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: .notADatabase(path: path, reason: reason)
        default: .failed(path: path, reason: reason)
        }
    }

    package var description: String {
        switch self {
        case .newer(let path): "catalogue \(path) was written by a newer Lapidary: start that one, or restore a backup"
        case .notADatabase(let path, let reason):
            "catalogue \(path) is damaged or not a database (\(reason)): restore a backup; blobs are not touched"
        case .full(let path): "no space left for catalogue \(path): make room; nothing was recorded"
        case .failed(let path, let reason): "catalogue \(path): \(reason)"
        }
    }
}

/// Values kept as JSON text in a column.
enum JSONColumn {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Foundation.Data(text.utf8))
    }
}
