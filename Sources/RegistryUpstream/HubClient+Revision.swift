package import RegistryCore

extension HubClient {
    private static let answerLimit = 16 << 20

    /// Asks once what a revision is: its commit, and what the Hub says of the repository there. Everything after goes
    /// by the commit, so that upstream's `main` may move meanwhile.
    ///
    /// - Throws: ``UpstreamError``; `CancellationError`.
    package func revision(_ revision: Revision, of repository: RepositoryID) async throws -> UpstreamRevision {
        let start = try address("/api/models/\(repository)/revision/\(revision.name.percentEncoded())")
        let subject = Subject(repository: repository, revision: revision.name)
        let answer = try await persistently {
            let receiver = MemoryReceiver(limit: Self.answerLimit, home: home)
            _ = try await follow(start, about: subject, to: receiver)
            return try receiver.decode(UpstreamRevision.Answer.self, of: "description of \(repository)")
        }
        // A renamed or taken-over repository answers under its new name (reliability B1): a person decides.
        guard answer.id.utf8.elementsEqual(repository.description.utf8) else {
            throw UpstreamError.renamed(repository, to: answer.id)
        }
        if let commit = revision.commit, commit != answer.sha {
            throw UpstreamError.protocolViolation("commit of \(repository)", expected: commit.hex, got: answer.sha.hex)
        }
        guard answer.disabled != true else { throw UpstreamError.disabled(repository, endpoint: endpoint) }
        return UpstreamRevision(answer)
    }
}
