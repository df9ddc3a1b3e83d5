import HTTPTypes
import Hummingbird
import RegistryCatalog
import RegistryCore
import RegistryOperations

/// `GET /api/models` (hub-protocol section 4): what is served, and nothing else.
extension Responder {
    func models(_ request: Request) async throws -> Response {
        let query = request.query
        let pulls = try await pullsByRepository()
        var rows = try await registry.servedModels().filter { Self.matches($0, query) }
            .map { (snapshot: $0, pulls: pulls[$0.repository] ?? 0) }
        switch query["sort"] {
        case "downloads": rows.sort { ($1.pulls, $0.snapshot.repository) < ($0.pulls, $1.snapshot.repository) }
        case "createdAt": rows.sort { $0.snapshot.createdAt > $1.snapshot.createdAt }
        case "lastModified": rows.sort { $0.snapshot.servedSince > $1.snapshot.servedSince }
        default: break
        }
        if query["direction"] == "1" { rows.reverse() }

        if let cursor = try query.cursor() {
            let last = rows.firstIndex { $0.snapshot.repository.description == cursor.name }
            rows = last.map { Array(rows[($0 + 1)...]) } ?? []
        }
        var headers = HTTPFields()
        let limit = query.limit(atMost: 1000) ?? 1000
        if rows.count > limit {
            rows.removeSubrange(limit...)
            let cursor = PageCursor(after: rows[limit - 1].snapshot.repository.description)
            headers[.link] = Self.next(request, cursor: try cursor.text(size: limit))
        }
        let isFull = query.flag("full")
        let listed = ModelDescription.listed.union(query.flag("cardData") ? ["cardData"] : [])
        let fields = Self.expanded(query) ?? (isFull ? nil : listed)
        let withFiles = fields?.contains("siblings") ?? isFull
        var descriptions: [ModelDescription] = []
        for row in rows {
            let files = withFiles ? try await registry.files(of: row.snapshot) : nil
            descriptions.append(
                ModelDescription(
                    snapshot: row.snapshot, pulls: row.pulls,
                    siblings: files?.map { .init($0, withBlobs: false) }, fields: fields))
        }
        return try JSONBody.response(descriptions, headers: headers)
    }

    /// Every condition must hold. `filter` names tags, several of them also in one comma list.
    private static func matches(_ snapshot: SnapshotRecord, _ query: Query) -> Bool {
        let id = snapshot.repository.description
        if let author = query["author"], author != snapshot.repository.namespace { return false }
        if let text = query["search"], !id.lowercased().contains(text.lowercased()) { return false }
        if let pipeline = query["pipeline_tag"], pipeline != snapshot.card.pipeline { return false }
        if query.flag("gated") { return false }
        let wanted = (query.all("filter") + query.all("tags")).flatMap { $0.split(separator: ",").map(String.init) }
        return Set(wanted).isSubset(of: snapshot.tags)
    }

    private func pullsByRepository() async throws -> [RepositoryID: Int] {
        try await registry.catalog.pulls().filter { $0.completedAt != nil }
            .reduce(into: [:]) { counts, pull in counts[pull.repository, default: 0] += 1 }
    }
}

extension SnapshotRecord {
    fileprivate var servedSince: Timestamp { promotedAt ?? createdAt }
}
