package import RegistryCatalog
package import RegistryCore
import Synchronization

/// What a repository at a revision is to a client right now.
package enum Availability: Sendable {
    case served(SnapshotRecord)
    case unavailable(Unavailable)
}

/// Why a client gets no model, as one line that ends up in its terminal.
package struct Unavailable: Sendable {
    package enum Kind: Sendable {
        case unknownRepository, unknownRevision, preparing, held, refused, revoked, failed, damaged
    }

    package let kind: Kind
    /// The rule that refused or holds, where one did.
    package let rule: String?
    package let message: String
}

extension Registry {
    /// The gate of every route: what is served at this revision, or why nothing is.
    package func availability(of repository: RepositoryID, at revision: Revision) async throws -> Availability {
        let job = try await catalog.latestJob(of: repository, .mirror)
        if let snapshot = try await catalog.snapshot(repository, revision) {
            guard let obstacle = canServe(snapshot) else { return .served(snapshot) }
            if obstacle.state != .failed || job?.isActive != true {
                return .unavailable(unavailable(snapshot, obstacle))
            }
        }
        let known = try await catalog.snapshots(of: repository)
        // A refused snapshot never got a name; whoever asks for main asks for it all the same.
        if revision.branchOrTag == "main", job?.isActive != true, let newest = known.first,
            let obstacle = canServe(newest)
        {
            return .unavailable(unavailable(newest, obstacle))
        }
        if let job, job.isActive {
            return .unavailable(
                Unavailable(
                    kind: .preparing, rule: nil,
                    message: "\(repository) is being prepared here (\(job.message.printable)); try again in a while"))
        }
        if !known.isEmpty {
            return .unavailable(
                Unavailable(
                    kind: .unknownRevision, rule: nil,
                    message: "Invalid rev id: \(revision). \(repository) is here, but not at this revision"))
        }
        if let job, job.state == .failed || job.state == .cancelled {
            return .unavailable(
                Unavailable(
                    kind: .failed, rule: nil,
                    message: "\(repository) could not be mirrored: \(job.message.printable)" + whereToAsk))
        }
        return .unavailable(
            Unavailable(
                kind: .unknownRepository, rule: nil,
                message: "\(repository) is not mirrored here; whoever runs this registry can: "
                    + "lapidary mirror \(repository)" + whereToAsk))
    }

    private func unavailable(_ snapshot: SnapshotRecord, _ obstacle: Obstacle) -> Unavailable {
        let (kind, verb): (Unavailable.Kind, String) =
            switch obstacle.state {
            case .held: (.held, "is held by rule \(obstacle.rule)")
            case .revoked, .failed: (.revoked, "is not served")
            case .expired: (.revoked, "is not kept by rule retention")
            case .damaged: (.damaged, "is not served by rule scrub")
            case .refused, .preparing, .served: (.refused, "is refused by rule \(obstacle.rule)")
            }
        return Unavailable(
            kind: kind, rule: obstacle.rule,
            message: "\(snapshot.repository)@\(snapshot.commit.short) \(verb): \(obstacle.message)" + whereToAsk)
    }

    private var whereToAsk: String {
        configuration.contact.isEmpty ? "" : " (questions: \(configuration.contact.printable))"
    }

    /// What `main` means in every repository that is served, by name.
    package func servedModels() async throws -> [SnapshotRecord] {
        try await catalog.snapshots().filter { $0.refs.contains("main") && canServe($0) == nil }
            .sorted { $0.repository < $1.repository }
    }

    /// A snapshot's files in byte order of their paths.
    package func files(of snapshot: SnapshotRecord) async throws -> [FileEntry] {
        try await catalog.files(of: snapshot.id)
    }

    package func file(_ path: RepositoryPath, of snapshot: SnapshotRecord) async throws -> FileEntry? {
        try await catalog.file(path, of: snapshot.id)
    }
}

/// Why a client is not taken for a consumer.
package enum ConsumerRefusal: Error, CustomStringConvertible {
    case badToken
    case tokenRequired(contact: String)

    package var description: String {
        switch self {
        case .badToken: "Invalid credentials in Authorization header: this registry does not know the token"
        case .tokenRequired(let contact):
            "this registry serves nobody without a token: set HF_TOKEN to one made with 'lapidary token create'"
                + (contact.isEmpty ? "" : " (ask: \(contact.printable))")
        }
    }
}

extension Registry {
    /// Who is asking: a token's consumer, or an anonymous one for the address.
    /// - Throws: ``ConsumerRefusal``
    package func consumer(token: Secret?, address: String) async throws -> Consumer {
        if let token {
            guard let consumer = try await catalog.consumer(token: TokenText.digest(token)) else {
                throw ConsumerRefusal.badToken
            }
            return consumer
        }
        guard configuration.anonymousPulls else {
            throw ConsumerRefusal.tokenRequired(contact: configuration.contact)
        }
        let address = address.isEmpty ? "unknown" : address.printable
        if let known = anonymous.withLock({ $0[address] }) { return known }
        let consumer = try await catalog.consumer(.anonymous, team: address, environment: .unknown)
        anonymous.withLock { known in
            if known.count > 10_000 { known.removeAll() }
            known[address] = consumer
        }
        return consumer
    }
}
