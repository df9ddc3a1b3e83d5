import RegistryCatalog
package import RegistryCore
import RegistryUpstream

extension Registry {
    /// Looks a repository up, and stops for a person where it is not the one it was: vanished, moved, or now
    /// somebody else's under its old name. What is served of it stays served. That upstream cannot be asked means
    /// nothing.
    ///
    /// - Throws: ``OperationError/attention(_:_:)``; what `look` threw.
    func identified(
        _ repository: RepositoryID, _ look: () async throws -> UpstreamRevision
    ) async throws -> UpstreamRevision {
        let origin = try await catalog.origin(of: repository)
        if let reason = origin?.attention { throw OperationError.attention(repository, reason) }
        let found: UpstreamRevision
        do {
            found = try await look()
        } catch let error as UpstreamError {
            guard origin != nil, let reason = error.disappearance else { throw error }
            try await catalog.stop(repository, reason)
            throw OperationError.attention(repository, reason)
        }
        let now = Origin(upstreamID: found.upstreamID, author: found.author)
        if let reason = origin?.contradiction(to: now) {
            try await catalog.stop(repository, reason)
            throw OperationError.attention(repository, reason)
        }
        try await catalog.record(now, of: repository)
        return found
    }
}

extension Origin {
    /// Why the repository of today is not the one that was known; nil where nothing speaks against it.
    fileprivate func contradiction(to now: Origin) -> String? {
        if let upstreamID, let other = now.upstreamID, upstreamID != other {
            return "it was deleted upstream and registered again: another repository has its name now (id "
                + "\(other.printable), it was \(upstreamID.printable))"
        }
        if let author, let other = now.author, author != other {
            return "its author upstream is \(other.printable) now, it was \(author.printable)"
        }
        return nil
    }
}

extension UpstreamError {
    /// What has become of a repository that was there before; nil where nobody knows.
    fileprivate var disappearance: String? {
        switch self {
        case .unknownRepository(_, _, anonymous: true):
            "it has vanished upstream, or is private and there is no HF_TOKEN to see it with"
        case .unknownRepository(_, _, anonymous: false):
            "it has vanished upstream, or is hidden from this HF_TOKEN"
        case .renamed(_, let name): "it has moved upstream, to \(name.printable)"
        case .disabled: "it was disabled upstream"
        default: nil
        }
    }
}

/// Says that a person has looked at a repository that stopped: it is fetched again as what it is now.
package struct AcceptOrigin: Verb {
    package static let name = "accept"
    package var repository: RepositoryID
    package var reason: String

    package init(repository: RepositoryID, reason: String) {
        self.repository = repository
        self.reason = reason
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> String {
        guard try await registry.catalog.accept(repository, reason: reason) else {
            throw OperationError.invalid("nothing of \(repository) waits for a person")
        }
        return "\(repository) is taken for what upstream says it is, from the next look on"
    }
}
