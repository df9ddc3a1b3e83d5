package import RegistryCatalog
package import RegistryCore

/// Which hosts hold which snapshot, and what it is here: approved, revoked, refused, held, or unknown.
package struct ShowInventory: Verb {
    package static let name = "inventory"

    package init() {}

    package func perform(in registry: Registry, report: @escaping Report) async throws -> [InventoryRow] {
        try await registry.inventory()
    }
}

/// A model on a host, judged by its bytes, not by its folder's name.
package struct InventoryRow: Codable, Sendable {
    package enum State: String, Codable, Sendable {
        case approved, revoked, refused, held, unknown
    }

    package let host: String
    package let path: String
    /// What these bytes are here; where they are unknown, what their folder claims to be.
    package let repository: String
    package let commit: String
    package let state: State
    /// Bytes.
    package let size: Int64
    package let firstSeenAt: Timestamp
    package let lastSeenAt: Timestamp
    package let goneAt: Timestamp?
    package let snapshot: Int64?
}

extension Registry {
    package func inventory() async throws -> [InventoryRow] {
        let snapshots = Dictionary(uniqueKeysWithValues: try await catalog.snapshots().map { ($0.id, $0) })
        return try await catalog.deployments().map { deployment in
            let snapshot = deployment.snapshot.flatMap { snapshots[$0] }
            let state: InventoryRow.State =
                switch snapshot.map({ canServe($0)?.state ?? .served }) {
                // The bytes on that host are those that were approved, whatever became of ours.
                case .served, .damaged, .expired: .approved
                case .revoked: .revoked
                case .refused, .failed: .refused
                case .held, .preparing: .held
                case nil: .unknown
                }
            return InventoryRow(
                host: deployment.host, path: deployment.path,
                repository: snapshot?.repository.description ?? deployment.claimedRepository,
                commit: snapshot?.commit.hex ?? deployment.claimedCommit, state: state, size: deployment.size,
                firstSeenAt: deployment.firstSeenAt, lastSeenAt: deployment.lastSeenAt, goneAt: deployment.goneAt,
                snapshot: deployment.snapshot)
        }
    }
}

/// What a scan found on a host: everything it holds now.
package struct ReportDeployments: Codable, Sendable {
    package var host: String
    package var models: [SeenModel]

    package init(host: String, models: [SeenModel]) {
        self.host = host
        self.models = models
    }

    /// Records the report; unlike a verb it may come from any consumer.
    /// - Returns: the host's rows as they stand now.
    package func perform(in registry: Registry, as consumer: Consumer) async throws -> [InventoryRow] {
        guard !host.isEmpty, host.utf8.count <= 255, host == host.printable else {
            throw OperationError.invalid("the host's name must be 1 to 255 bytes without control characters")
        }
        guard models.count <= 10_000, models.allSatisfy(\.isAcceptable) else {
            throw OperationError.invalid(
                "the report names too much, or something that is no model; nothing was recorded")
        }
        guard try await registry.catalog.record(models, on: host, by: consumer.id) else {
            throw OperationError.invalid(
                "host \(host) is reported by another consumer: report with the token (or from the address) that it was "
                    + "first reported with, or under another name (--host)")
        }
        return try await registry.inventory().filter { $0.host == host }
    }
}

extension SeenModel {
    fileprivate var isAcceptable: Bool {
        let texts = [path, repository, commit] + weights.map(\.path)
        return !weights.isEmpty && weights.count <= 2000 && weights.allSatisfy { (0...(1 << 50)).contains($0.size) }
            && texts.allSatisfy { $0.utf8.count <= 4096 && $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
    }
}
