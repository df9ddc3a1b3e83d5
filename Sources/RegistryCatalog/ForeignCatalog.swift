import GRDB
package import RegistryCore

/// Another registry's catalogue, opened for reading: what it has, never what it thinks of it. Its owner may run
/// meanwhile. Blocking.
package struct ForeignCatalog {
    package struct Snapshot: Sendable {
        package let repository: RepositoryID
        package let commit: CommitID
        package let files: [(path: RepositoryPath, digest: SHA256Digest)]
    }

    private let queue: DatabaseQueue
    private let path: String

    /// - Throws: ``CatalogError`` where it is no catalogue of a registry.
    package init(path: String) throws(CatalogError) {
        self.path = path
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            queue = try DatabaseQueue(path: path, configuration: configuration)
        } catch { throw .from(error, path: path) }
    }

    /// Snapshots whose bytes it has, oldest first: the tables that every release has had.
    package func snapshots() throws(CatalogError) -> [Snapshot] {
        do {
            return try queue.read { database in
                let rows = try Row.fetchAll(
                    database,
                    sql: """
                        SELECT snapshots.id, namespace, name, commit_id FROM snapshots
                        JOIN repositories ON repositories.id = repository_id WHERE manifest IS NOT NULL
                        ORDER BY snapshots.id
                        """)
                return try rows.map { row in
                    let files = try Row.fetchAll(
                        database, sql: "SELECT path, digest FROM file_entries WHERE snapshot_id = ?",
                        arguments: [row["id"] as Int64])
                    return Snapshot(
                        repository: try RepositoryID("\(row["namespace"] as String)/\(row["name"] as String)"),
                        commit: try CommitID(row["commit_id"]),
                        files: try files.map { (try RepositoryPath($0["path"]), try SHA256Digest($0["digest"])) })
                }
            }
        } catch { throw .from(error, path: path) }
    }
}
