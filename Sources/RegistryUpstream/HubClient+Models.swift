package import RegistryCore

extension HubClient {
    private static let listPages = 200
    private static let pageSizeLimit = 64 << 20

    /// Models that call this one their base, in any relation, as the Hub's listing has them.
    ///
    /// - Parameters:
    ///   - limit: how many at most; `isCut` says that there are more.
    ///   - page: told after each page how many there are so far.
    /// - Throws: ``UpstreamError``; `CancellationError`.
    package func variants(
        of base: RepositoryID, limit: Int, page: @Sendable (Int) async throws -> Void = { _ in }
    ) async throws -> (models: [UpstreamModel], isCut: Bool) {
        let subject = Subject(repository: base)
        return try await list("filter=\("base_model:\(base)".percentEncoded())", limit: limit, subject, page)
    }

    /// Models of one author, newest downloads first.
    package func models(by author: String, limit: Int) async throws -> (models: [UpstreamModel], isCut: Bool) {
        let subject = Subject(repository: try RepositoryID("\(author)/models"))
        return try await list("author=\(author.percentEncoded())", limit: limit, subject) { _ in }
    }

    private func list(
        _ query: String, limit: Int, _ subject: Subject, _ told: @Sendable (Int) async throws -> Void
    ) async throws -> (models: [UpstreamModel], isCut: Bool) {
        // A hub that does not know one of these properties refuses them all; then what every hub has must do.
        let wanted = [
            "downloads", "likes", "tags", "gated", "lastModified", "sha", "siblings", "usedStorage",
            "childrenModelCount",
        ]
        let expanded = wanted.map { "&expand=\($0)" }.joined()
        let start = "/api/models?\(query)&sort=downloads&limit=1000"
        do {
            return try await pages(from: start + expanded, limit: limit, subject, told)
        } catch UpstreamError.protocolViolation(_, _, let got) where got.hasPrefix("400") {
            return try await pages(from: start + "&full=true", limit: limit, subject, told)
        }
    }

    private func pages(
        from start: String, limit: Int, _ subject: Subject, _ told: @Sendable (Int) async throws -> Void
    ) async throws -> (models: [UpstreamModel], isCut: Bool) {
        var page: WebAddress? = try address(start)
        var models: [UpstreamModel] = []
        var seen: Set<RepositoryID> = []
        for _ in 0..<Self.listPages {
            guard let current = page else { return (models, false) }
            let (rows, count, head) = try await persistently {
                let receiver = MemoryReceiver(limit: Self.pageSizeLimit, home: home)
                let head = try await follow(current, about: subject, to: receiver)
                let entries = try receiver.decode([Entry].self, of: "list of models")
                return (entries.compactMap { $0.row.flatMap { UpstreamModel($0) } }, entries.count, head)
            }
            // A repository may stand on two pages while others overtake it.
            models += rows.filter { seen.insert($0.repository).inserted }
            guard models.count <= limit else { return (Array(models.prefix(limit)), true) }
            try await told(models.count)
            guard let link = head.nextPage, count > 0 else { return (models, false) }
            guard let next = try? current.resolving(link), next.origin == home.origin else {
                throw UpstreamError.protocolViolation(
                    "list of models", expected: "a next page at \(home.origin)", got: link)
            }
            page = next
        }
        return (models, true)
    }

    /// A row, or nothing where it is none: one that is broken does not spoil the others.
    private struct Entry: Decodable {
        let row: UpstreamModel.Row?

        init(from decoder: any Decoder) throws { row = try? UpstreamModel.Row(from: decoder) }
    }
}
