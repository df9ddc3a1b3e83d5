import Foundation
import RegistryCore

extension HubResponder {
    private static let listed = [
        "_id", "id", "modelId", "private", "downloads", "likes", "tags", "pipeline_tag", "library_name", "createdAt",
        "trendingScore",
    ]
    private static let listedInFull = ["author", "sha", "lastModified", "siblings", "gated", "disabled"]
    private static let listLimit = 1000

    /// `GET /api/models/{repo}[/revision/{rev}]`
    func describe(_ repository: SampleRepository, _ revision: String, _ call: Call) -> Answer {
        guard repository.resolves(revision) else { return .unknown(revision: revision) }
        let all = repository.description(withBlobs: call.target.isTrue("blobs"))
        return expanded(all, call.target.all("expand")) ?? .json(.object(all))
    }

    /// `GET /api/models`
    func list(_ call: Call) -> Answer {
        let target = call.target
        var found = repositories.values.sorted { $0.id < $1.id }
        for tag in target.all("filter") { found.removeAll { !$0.tags.contains(tag) } }
        let children = Dictionary(
            repositories.values.flatMap { $0.tags.filter { $0.hasPrefix("base_model:") } }.map { ($0, 1) },
            uniquingKeysWith: +)
        for author in target.all("author") { found.removeAll { $0.id.namespace != author } }
        for words in target.all("search") {
            found.removeAll { !$0.id.description.lowercased().contains(words.lowercased()) }
        }
        if let gated = target.first("gated") { found.removeAll { $0.isGated != (gated.lowercased() == "true") } }
        found.sort { Self.isBefore($0, $1, by: target.first("sort") ?? "trendingScore") }

        let start = min(target.first("cursor").flatMap(Self.position) ?? 0, found.count)
        let limit = min(max(target.first("limit").flatMap { Int($0) } ?? pageSize, 1), Self.listLimit)
        let page = found[start...].prefix(limit)
        let keys = Set(target.isTrue("full") ? Self.listed + Self.listedInFull : Self.listed)
        var rows: [JSON] = []
        for repository in page {
            var all = repository.description()
            if !target.isTrue("cardData") { all["cardData"] = nil }
            if !target.isTrue("config") { all["config"] = nil }
            let more = Set(["cardData", "config"])
            rows.append(.object(all.filter { keys.contains($0.key) || more.contains($0.key) }))
        }
        if !target.all("expand").isEmpty {
            rows = []
            for repository in page {
                var all = repository.description()
                all["childrenModelCount"] = .integer(Int64(children["base_model:\(repository.id)"] ?? 0))
                guard let answer = expandedRow(all, target.all("expand")) else {
                    return Self.unknownExpansion
                }
                rows.append(.object(answer))
            }
        }
        let end = start + page.count
        return .json(.list(rows), end < found.count ? [nextPage(call, at: end)] : [])
    }

    /// `GET /api/models/{repo}/refs`
    func references(_ repository: SampleRepository, _ call: Call) -> Answer {
        let main: [String: JSON] = [
            "name": .text("main"), "ref": .text("refs/heads/main"), "targetCommit": .text(repository.commit.hex),
        ]
        var references: [String: JSON] = [
            "branches": .list([.object(main)]), "converts": .list([]), "tags": .list([]),
        ]
        if call.target.isTrue("include_prs") { references["pullRequests"] = .list([]) }
        return .json(.object(references))
    }

    /// `GET /api/whoami-v2`
    func whoami(_ call: Call) -> Answer {
        guard let account = account(call) else { return .refusal(401, "Invalid user token") }
        return .json(
            .object([
                "type": .text("user"), "id": .text(account.name), "name": .text(account.name),
                "fullname": .text(account.name), "isPro": .bool(false), "orgs": .list([]),
                "auth": .object([
                    "type": .text("access_token"),
                    "accessToken": .object(["displayName": .text(account.name), "role": .text("read")]),
                ]),
            ]))
    }

    /// `Link` to the page that begins at a position. Absolute: clients refuse any other (hub-protocol 3.2).
    func nextPage(_ call: Call, at position: Int) -> (name: String, value: String) {
        let cursor = Data("from:\(position)".utf8).base64EncodedString()
        return ("Link", "<\(scheme)://\(call.host)\(call.target.replacing("cursor", with: cursor))>; rel=\"next\"")
    }

    /// What a cursor of ours means; nil for anything else.
    static func position(_ cursor: String) -> Int? {
        guard let text = Data(base64Encoded: cursor).map({ String(decoding: $0, as: UTF8.self) }) else { return nil }
        return text.hasPrefix("from:") ? Int(text.dropFirst(5)).flatMap { $0 >= 0 ? $0 : nil } : nil
    }

    private static let unknownExpansion = Answer.refusal(400, "expand: not a property of a model")

    private func expanded(_ all: [String: JSON], _ keys: [String]) -> Answer? {
        guard !keys.isEmpty else { return nil }
        return expandedRow(all, keys).map { .json(.object($0)) } ?? Self.unknownExpansion
    }

    /// `_id`, `id` and what was asked for; nil where a model has no such property.
    private func expandedRow(_ all: [String: JSON], _ keys: [String]) -> [String: JSON]? {
        let optional = ["cardData", "config", "pipeline_tag", "library_name", "safetensors", "gguf", "baseModels"]
        guard keys.allSatisfy({ all[$0] != nil || optional.contains($0) }) else { return nil }
        return all.filter { ["_id", "id"].contains($0.key) || keys.contains($0.key) }
    }

    private static func isBefore(_ left: SampleRepository, _ right: SampleRepository, by key: String) -> Bool {
        switch key {
        case "downloads": (left.settings.downloads ?? 0) > (right.settings.downloads ?? 0)
        case "likes": (left.settings.likes ?? 0) > (right.settings.likes ?? 0)
        case "createdAt": left.created > right.created
        case "lastModified": left.lastModified > right.lastModified
        default: left.id < right.id
        }
    }
}

extension Answer {
    static func unknown(revision: String) -> Answer {
        .refusal(404, code: "RevisionNotFound", "Invalid rev id: \(revision.printable)")
    }
}
