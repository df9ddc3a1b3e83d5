import RegistryCatalog
package import RegistryCore

/// Keeps a snapshot from retention.
package struct PinModel: Verb {
    package static let name = "pin"
    package var repository: RepositoryID
    package var revision: String
    package var reason: String

    package init(repository: RepositoryID, revision: Revision, reason: String) {
        self.repository = repository
        self.revision = revision.name
        self.reason = reason
    }

    /// - Returns: the snapshot's commit.
    package func perform(in registry: Registry, report: @escaping Report) async throws -> CommitID {
        let snapshot = try await registry.snapshot(repository, revision)
        if let expiry = snapshot.expiry {
            throw OperationError.invalid(
                "\(repository)@\(snapshot.commit.short) expired on \(expiry.expiredAt.minutes): 'lapidary mirror "
                    + "\(repository)@\(snapshot.commit.hex)' brings it back; pin it then")
        }
        try await registry.catalog.pin(snapshot, reason: reason.printable, actor: "operator")
        return snapshot.commit
    }
}

/// Gives a snapshot back to retention.
package struct UnpinModel: Verb {
    package static let name = "unpin"
    package var repository: RepositoryID
    package var revision: String

    package init(repository: RepositoryID, revision: Revision) {
        self.repository = repository
        self.revision = revision.name
    }

    /// - Returns: the snapshot's commit.
    package func perform(in registry: Registry, report: @escaping Report) async throws -> CommitID {
        let snapshot = try await registry.snapshot(repository, revision)
        guard try await registry.catalog.unpin(snapshot, actor: "operator") else {
            throw OperationError.invalid("\(repository)@\(snapshot.commit.short) is not pinned")
        }
        return snapshot.commit
    }
}

extension Registry {
    /// - Throws: ``OperationError/unknownModel(_:)`` where no snapshot here has that name or commit.
    fileprivate func snapshot(_ repository: RepositoryID, _ revision: String) async throws -> SnapshotRecord {
        guard let snapshot = try await catalog.snapshot(repository, Revision(revision)) else {
            guard try await catalog.snapshots(of: repository).isEmpty else {
                throw OperationError.invalid(
                    "\(repository) has no snapshot '\(revision.printable)' here: 'lapidary show \(repository)' lists them"
                )
            }
            throw OperationError.unknownModel(repository)
        }
        return snapshot
    }
}
