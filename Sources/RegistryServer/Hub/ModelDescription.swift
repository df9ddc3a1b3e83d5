import RegistryCatalog
import RegistryCore

/// The Hub's JSON for a model (hub-protocol section 3.1).
///
/// `_id` and `id`, and of the other fields those that are asked for and known.
struct ModelDescription: Encodable {
    let snapshot: SnapshotRecord
    /// Complete pulls.
    let pulls: Int
    /// Nil where files were not asked for, as in lists.
    let siblings: [Sibling]?
    /// Names of fields; nil for what the Hub sends of a single model that is asked for without `expand`.
    let fields: Set<String>?

    /// What a row of a list has, unless it is asked for in full.
    static let listed: Set<String> = [
        "modelId", "private", "downloads", "likes", "tags", "pipeline_tag", "library_name", "createdAt",
    ]

    struct Sibling: Encodable {
        let rfilename: String
        var size: Int64?
        var blobId: String?
        var lfs: LFS?

        struct LFS: Encodable {
            let sha256: String
            let size: Int64
            let pointerSize: Int64
        }

        init(_ entry: FileEntry, withBlobs: Bool) {
            rfilename = entry.path.text
            guard withBlobs else { return }
            size = entry.size
            blobId = entry.gitObject.hex
            if entry.isLFS { lfs = LFS(sha256: entry.digest.hex, size: entry.size, pointerSize: entry.pointerSize) }
        }
    }

    private struct CardData: Encodable {
        let license: String?
        let baseModel: [String]?
        let baseModelRelation: String?

        enum CodingKeys: String, CodingKey {
            case license
            case baseModel = "base_model"
            case baseModelRelation = "base_model_relation"
        }
    }

    private struct BaseModels: Encodable {
        struct Model: Encodable {
            let _id: String
            let id: String
        }
        let relation: String
        let models: [Model]
    }

    private struct Field: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Field.self)
        let id = snapshot.repository.description
        try object.encode(Self.objectID(id), forKey: Field(stringValue: "_id"))
        try object.encode(id, forKey: Field(stringValue: "id"))

        /// - Parameter isExtra: true for what the Hub sends only when it is asked for.
        func put(_ name: String, _ value: (some Encodable)?, isExtra: Bool = false) throws {
            guard fields?.contains(name) ?? !isExtra, let value else { return }
            try object.encode(value, forKey: Field(stringValue: name))
        }
        let card = snapshot.card
        try put("modelId", id)
        try put("author", snapshot.repository.namespace)
        try put("sha", snapshot.commit.hex)
        try put("createdAt", snapshot.createdAt)
        try put("lastModified", snapshot.promotedAt ?? snapshot.createdAt)
        try put("private", false)
        try put("gated", false)
        try put("disabled", false)
        try put("downloads", pulls)
        try put("downloadsAllTime", pulls, isExtra: true)
        try put("likes", 0)
        try put("tags", snapshot.tags)
        try put("pipeline_tag", card.pipeline)
        try put("library_name", card.library)
        try put("usedStorage", snapshot.totalSize)
        try put(
            "cardData",
            CardData(
                license: card.licence, baseModel: card.baseModels.isEmpty ? nil : card.baseModels,
                baseModelRelation: card.relation))
        try put("siblings", siblings)
        if !card.baseModels.isEmpty {
            let models = card.baseModels.map { BaseModels.Model(_id: Self.objectID($0), id: $0) }
            try put("baseModels", BaseModels(relation: snapshot.relation, models: models), isExtra: true)
        }
    }

    /// 24 hex digits, as the Hub's database would give one: here a function of the name.
    static func objectID(_ name: String) -> String {
        String(ContentDigests.sha256(of: Array(name.utf8)).hex.prefix(24))
    }
}
