import GRDB
package import RegistryCore

/// Who a token stands for. An anonymous consumer stands for an address, in `team`.
package struct Consumer: Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable {
        case token, anonymous
    }

    package enum Environment: String, Sendable, Codable, CaseIterable {
        case production, experiment, ci, unknown
    }

    package let id: Int64
    package let kind: Kind
    package let team: String
    package let environment: Environment
    package let sector: String
    package let useCase: String

    /// `payments (production)`, `anonymous 10.1.2.3`.
    package var label: String { kind == .anonymous ? "anonymous \(team)" : "\(team) (\(environment.rawValue))" }
}

extension Catalog {
    /// Finds or makes a consumer.
    package func consumer(
        _ kind: Consumer.Kind, team: String, environment: Consumer.Environment, sector: String = "",
        useCase: String = ""
    ) async throws -> Consumer {
        try await write { try Self.consumer($0, kind, team, environment, sector, useCase) }
    }

    private static func consumer(
        _ database: Database, _ kind: Consumer.Kind, _ team: String, _ environment: Consumer.Environment,
        _ sector: String, _ useCase: String
    ) throws -> Consumer {
        let key: StatementArguments = [kind.rawValue, team, environment.rawValue, sector, useCase]
        try database.execute(
            sql: """
                INSERT INTO consumers (kind, team, environment, sector, use_case, created_at)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """, arguments: key + [Timestamp.now.text])
        let id = try Int64.fetchOne(
            database,
            sql: """
                SELECT id FROM consumers
                WHERE kind = ? AND team = ? AND environment = ? AND sector = ? AND use_case = ?
                """, arguments: key)
        return Consumer(
            id: id ?? 0, kind: kind, team: team, environment: environment, sector: sector, useCase: useCase)
    }

    /// Records a new token by its digest, with its consumer and an audit entry, in one transaction.
    package func addToken(
        _ digest: SHA256Digest, label: String, team: String, environment: Consumer.Environment, sector: String,
        useCase: String, actor: String
    ) async throws -> Consumer {
        try await write { database in
            let consumer = try Self.consumer(database, .token, team, environment, sector, useCase)
            try database.execute(
                sql: "INSERT INTO tokens (digest, consumer_id, label, created_at) VALUES (?, ?, ?, ?)",
                arguments: [digest.hex, consumer.id, label, Timestamp.now.text])
            try Self.audit(
                database, actor: actor, action: "create token", subject: consumer.label, detail: label)
            return consumer
        }
    }

    /// The consumer of a token that is known and not revoked.
    package func consumer(token digest: SHA256Digest) async throws -> Consumer? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: """
                    SELECT consumers.* FROM tokens JOIN consumers ON consumers.id = consumer_id
                    WHERE digest = ? AND revoked_at IS NULL
                    """, arguments: [digest.hex]
            ).map { Consumer(row: $0) }
        }
    }
}

extension Consumer {
    init(row: Row) {
        id = row["id"]
        kind = Kind(rawValue: row["kind"]) ?? .anonymous
        team = row["team"]
        environment = Environment(rawValue: row["environment"]) ?? .unknown
        sector = row["sector"]
        useCase = row["use_case"]
    }
}
