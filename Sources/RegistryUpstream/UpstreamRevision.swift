package import RegistryCore

/// What the Hub says of a repository at one revision.
package struct UpstreamRevision: Sendable, Equatable {
    /// What must be done before files can be fetched. Metadata is public in every case.
    package enum Gating: String, Sendable {
        case open
        /// Granted as soon as the licence is accepted.
        case automatic
        /// Granted by the author, person by person.
        case manual
    }

    package let commit: CommitID
    /// The Hub's own id of the repository, which a name that was given away does not keep; nil where it has none.
    package let upstreamID: String?
    package let gating: Gating
    package let isPrivate: Bool
    package let author: String?
    package let lastModified: String?
    /// As upstream spells them: `license:gemma`, `base_model:finetune:google/gemma-3-1b-it`, ….
    package let tags: [String]
    package let card: UpstreamCard
}

/// The parts of a model card's front matter that say where a model comes from; what its author wrote, unproven.
package struct UpstreamCard: Sendable, Equatable {
    package var licence: String?
    package var licenceName: String?
    package var licenceLink: String?
    package var baseModels: [String] = []
    /// `finetune`, `adapter`, `quantized` or `merge`; from the card, else from the tags that the Hub made.
    package var relation: String?

    package init(
        licence: String? = nil, licenceName: String? = nil, licenceLink: String? = nil, baseModels: [String] = [],
        relation: String? = nil
    ) {
        self.licence = licence
        self.licenceName = licenceName
        self.licenceLink = licenceLink
        self.baseModels = baseModels
        self.relation = relation
    }
}

extension UpstreamRevision {
    /// The answer of `/api/models/{repo}/revision/{rev}`: strict where we build on it, lenient elsewhere, because cards
    /// are written by hand and hold anything.
    struct Answer: Decodable {
        let id: String
        let sha: CommitID
        @Lenient var _id: String?
        @Lenient var gated: Gate?
        @Lenient var disabled: Bool?
        @Lenient var isPrivate: Bool?
        @Lenient var author: String?
        @Lenient var lastModified: String?
        @Lenient var tags: [String]?
        @Lenient var cardData: Card?

        enum CodingKeys: String, CodingKey {
            case id, sha, _id, gated, disabled, author, lastModified, tags, cardData
            case isPrivate = "private"
        }

        struct Card: Decodable {
            @Lenient var license: Words?
            @Lenient var licenseName: String?
            @Lenient var licenseLink: String?
            @Lenient var baseModel: Words?
            @Lenient var relation: String?

            enum CodingKeys: String, CodingKey {
                case license
                case licenseName = "license_name"
                case licenseLink = "license_link"
                case baseModel = "base_model"
                case relation = "base_model_relation"
            }
        }
    }

    init(_ answer: Answer) {
        commit = answer.sha
        upstreamID = answer._id
        gating = answer.gated?.gating ?? .open
        isPrivate = answer.isPrivate ?? false
        author = answer.author
        lastModified = answer.lastModified
        tags = answer.tags ?? []
        let relations = ["finetune", "adapter", "quantized", "merge"]
        let tagged = relations.first { relation in
            (answer.tags ?? []).contains { $0.hasPrefix("base_model:\(relation):") }
        }
        card = UpstreamCard(
            licence: answer.cardData?.license?.all.first, licenceName: answer.cardData?.licenseName,
            licenceLink: answer.cardData?.licenseLink, baseModels: answer.cardData?.baseModel?.all ?? [],
            relation: answer.cardData?.relation ?? tagged)
    }
}

/// `false`, `"auto"` or `"manual"`. Anything else, `true` included, is taken as the strictest.
struct Gate: Decodable {
    let gating: UpstreamRevision.Gating

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let isGated = try? container.decode(Bool.self) {
            gating = isGated ? .manual : .open
        } else {
            gating = (try? container.decode(String.self)) == "auto" ? .automatic : .manual
        }
    }
}

/// One string or a list of them, as cards have it.
struct Words: Decodable {
    let all: [String]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        all = try (try? [container.decode(String.self)]) ?? container.decode([String].self)
    }
}

/// Nil where the value is absent, null or of another type.
@propertyWrapper
struct Lenient<Value: Decodable>: Decodable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }
    init(from decoder: any Decoder) throws {
        wrappedValue = try? decoder.singleValueContainer().decode(Value.self)
    }
}

extension KeyedDecodingContainer {
    func decode<Value>(_ type: Lenient<Value>.Type, forKey key: Key) throws -> Lenient<Value> {
        try decodeIfPresent(type, forKey: key) ?? Lenient(wrappedValue: nil)
    }
}
