package import GemmaInference
package import RegistryCore

/// All that a smoke test is told: the same job on the same bytes by the same build comes to the same verdict.
package struct SmokeTestJob: Codable, Equatable, Sendable {
    /// The model that a variant descends from, where its files are here.
    package struct BaseModel: Codable, Equatable, Sendable {
        /// `namespace/name@commit`, for messages.
        package var name: String
        /// The folder with its files.
        package var folder: String

        package init(name: String, folder: String) {
            self.name = name
            self.folder = folder
        }
    }

    /// What the repository's card claims; it helps to recognise the class and never proves anything.
    package struct Card: Codable, Equatable, Sendable {
        /// `text-generation`, `feature-extraction`, ….
        package var pipeline: String?
        /// finetune, adapter, quantized or merge.
        package var relation: String?
        package var tags: [String]

        package init(pipeline: String? = nil, relation: String? = nil, tags: [String] = []) {
            self.pipeline = pipeline
            self.relation = relation
            self.tags = tags
        }
    }

    /// The folder with the model's files, or a GGUF file.
    package var model: String
    /// For messages, and to recognise the class: `namespace/name`; empty where there is none.
    package var repository: String
    package var base: BaseModel?
    package var card: Card
    /// The policy's word on the class; nil lets the test recognise it.
    package var modelClass: ModelClass?
    package var depth: ProbeSet.Depth
    package var probes: ProbeSet
    package var bounds: SmokeTestBounds
    /// Recorded as given.
    package var testerBuild: String
    package var residency: WeightResidency

    package init(
        model: String, repository: String = "", base: BaseModel? = nil, card: Card = Card(),
        modelClass: ModelClass? = nil, depth: ProbeSet.Depth = .quick, probes: ProbeSet, bounds: SmokeTestBounds,
        testerBuild: String, residency: WeightResidency = .mapped
    ) {
        self.model = model
        self.repository = repository
        self.base = base
        self.card = card
        self.modelClass = modelClass
        self.depth = depth
        self.probes = probes
        self.bounds = bounds
        self.testerBuild = testerBuild
        self.residency = residency
    }
}
