package import RegistryCatalog
package import RegistryCore

/// Takes a model out of service, at once, and says who pulled it and which hosts hold it.
package struct RevokeModel: Verb {
    package static let name = "revoke"
    package var repository: RepositoryID
    /// One snapshot, by anything that names it here; nil for every one that was ever served.
    package var revision: String?
    package var reason: String

    package init(repository: RepositoryID, revision: Revision?, reason: String) {
        self.repository = repository
        self.revision = revision?.name
        self.reason = reason
    }

    package struct Answer: Codable, Sendable {
        package let repository: RepositoryID
        package let commits: [CommitID]
        package let pulls: [Pull]
        package let deployments: [InventoryRow]
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        let reason = reason.printable
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw OperationError.invalid("a revocation needs a reason: it is what refused clients will read")
        }
        guard try await !registry.catalog.snapshots(of: repository).isEmpty else {
            throw OperationError.unknownModel(repository)
        }
        var commit: CommitID?
        if let revision {
            commit = try await registry.catalog.snapshot(repository, Revision(revision))?.commit
            guard commit != nil else { throw OperationError.nothingToRevoke(repository) }
        }
        let revoked = try await registry.catalog.revoke(
            repository, commit: commit, reason: reason, actor: "operator")
        guard !revoked.isEmpty else { throw OperationError.nothingToRevoke(repository) }
        for snapshot in revoked { registry.markRevoked(snapshot.id) }
        registry.retests.bell.ring()
        let ids = Set(revoked.map(\.id))
        return Answer(
            repository: repository, commits: revoked.map(\.commit),
            pulls: try await registry.catalog.pulls(of: Array(ids)),
            deployments: try await registry.inventory().filter { $0.snapshot.map(ids.contains) ?? false })
    }
}
