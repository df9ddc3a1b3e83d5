import GRDB
package import RegistryCore

/// Work under way, as a row: a page can show it, and a restart goes on with it.
package struct Job: Sendable, Codable {
    package enum State: String, Sendable, Codable {
        case queued, running
        /// For a moment that ``Job/waitUntil`` names, where it is known.
        case waiting
        case done, failed, cancelled
    }

    package enum Kind: String, Sendable, Codable {
        case mirror
        /// The smoke test alone, of what is here.
        case retest
        case `import`
    }

    /// What a job may make `main` mean.
    package enum Promotion: String, Sendable, Codable {
        /// What it brings, once that is admitted: somebody asked for it.
        case always
        /// What it brings where `main` means nothing yet: what is served stays what was approved.
        case ifNew = "if-new"
    }

    package let id: Int64
    package let kind: Kind
    package let repository: RepositoryID
    package let revision: String
    package let promotion: Promotion
    /// Fetches and tests anew what was decided on before under the same rules.
    package let again: Bool
    package let state: State
    /// What it is doing, or how it ended.
    package let message: String
    /// How often it was begun.
    package let attempts: Int
    package let waitUntil: Timestamp?
    /// Bytes of the files it fetches that are here.
    package let received: Int64
    /// Bytes of the files it fetches; 0 while that is not known.
    package let total: Int64
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package var isActive: Bool { state == .queued || state == .running || state == .waiting }
}

extension Job {
    init(row: Row) throws {
        id = row["id"]
        kind = Kind(rawValue: row["kind"]) ?? .mirror
        repository = try RepositoryID("\(row["namespace"] as String)/\(row["name"] as String)")
        revision = row["revision"]
        promotion = Promotion(rawValue: row["promotion"]) ?? .ifNew
        again = row["again"]
        state = State(rawValue: row["state"]) ?? .failed
        message = row["message"]
        attempts = row["attempts"]
        waitUntil = try (row["wait_until"] as String?).map(Timestamp.init(column:))
        received = row["received"]
        total = row["total"]
        createdAt = try Timestamp(column: row["created_at"])
        updatedAt = try Timestamp(column: row["updated_at"])
    }
}
