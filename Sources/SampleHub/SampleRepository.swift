import RegistryCore

/// A repository as the sample hub serves it: one branch, `main`, with one commit.
struct SampleRepository: Sendable {
    let id: RepositoryID
    /// Sorted by path.
    let files: [SampleFile]
    /// Directories below the root with the ids of their git trees, sorted by path.
    let directories: [(path: String, tree: GitObjectID)]
    let commit: CommitID
    let settings: RepositorySettings
    /// The front matter of README.md.
    let card: [String: JSON]
    /// What the Hub shows of config.json.
    let config: [String: JSON]

    static let untouched = "2026-01-01T00:00:00.000Z"

    var created: String { settings.created ?? Self.untouched }
    var lastModified: String { settings.lastModified ?? created }
    var isDisabled: Bool { settings.disabled ?? false }
    var isGated: Bool { settings.gated != nil }

    func file(_ path: String) -> SampleFile? { files.first { $0.path.utf8.elementsEqual(path.utf8) } }

    /// `main`, the commit, or at least five of its digits.
    func resolves(_ revision: String) -> Bool {
        revision == "main" || revision == "refs/heads/main"
            || (revision.utf8.count >= 5 && commit.hex.hasPrefix(revision))
    }

    /// Tags as the Hub makes them from card, config and files (hub-protocol section 4).
    var tags: [String] {
        var tags = card["library_name"]?.words ?? []
        if files.contains(where: { $0.path.hasSuffix(".safetensors") }) { tags.append("safetensors") }
        if files.contains(where: { $0.path.hasSuffix(".gguf") }) { tags.append("gguf") }
        tags += config["model_type"]?.words ?? []
        tags += card["pipeline_tag"]?.words ?? []
        tags += card["tags"]?.words ?? []
        tags += card["language"]?.words ?? []
        tags += (card["datasets"]?.words ?? []).map { "dataset:\($0)" }
        let parents = card["base_model"]?.words ?? []
        tags += parents.map { "base_model:\($0)" }
        if let relation { tags += parents.map { "base_model:\(relation):\($0)" } }
        tags += (card["license"]?.words ?? []).map { "license:\($0)" }
        return tags + ["region:us"]
    }

    /// The card's word, else the Hub's guess from the files.
    private var relation: String? {
        if let stated = card["base_model_relation"]?.words.first { return stated }
        guard let parents = card["base_model"]?.words, !parents.isEmpty else { return nil }
        if parents.count > 1 { return "merge" }
        if file("adapter_config.json") != nil { return "adapter" }
        let isQuantized = config["quantization_config"] != nil || files.contains { $0.path.hasSuffix(".gguf") }
        return isQuantized ? "quantized" : "finetune"
    }

    /// Everything that `/api/models/{repo}` may say.
    func description(withBlobs: Bool = false) -> [String: JSON] {
        let all: [String: JSON?] = [
            "_id": .text(
                settings.id ?? String(ContentDigests.sha256(of: Array(id.description.utf8)).hex.prefix(24))),
            "id": .text(id.description), "modelId": .text(id.description),
            "author": .text(settings.author ?? id.namespace),
            "sha": .text(commit.hex), "createdAt": .text(created), "lastModified": .text(lastModified),
            "private": .bool(false), "disabled": .bool(isDisabled),
            "gated": settings.gated.map { .text($0) } ?? .bool(false),
            "downloads": .integer(settings.downloads ?? 0), "likes": .integer(settings.likes ?? 0),
            "trendingScore": .integer(0), "tags": .texts(tags), "pipeline_tag": card["pipeline_tag"],
            "library_name": card["library_name"], "cardData": card.isEmpty ? nil : .object(card),
            "config": config.isEmpty ? nil : .object(config),
            "siblings": .list(files.map { $0.sibling(withBlobs: withBlobs) }), "spaces": .list([]),
            "usedStorage": .integer(files.reduce(0) { $0 + $1.size }),
        ]
        return all.compactMapValues(\.self)
    }
}
