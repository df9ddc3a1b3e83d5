/// What config.json says about a Gemma model that this build can run. A generation is one case and one file
/// (`Gemma3Configuration`); reading is strict, see `ConfigurationReader` and the generation's type.
package enum GemmaConfiguration: Sendable {
    case gemma3(Gemma3Configuration)

    package static let path = "config.json"

    /// Reads config.json and, for the tokens that end a text, generation_config.json.
    package init(reading model: ModelFiles) throws {
        guard let config = try model.json(Self.path) else {
            throw ModelFormatError.unreadable(file: Self.path, reason: "not among the files of this model")
        }
        try self.init(config, generation: try model.json("generation_config.json"))
    }

    /// `generation` is the value of generation_config.json, nil when there is none.
    package init(_ config: JSONValue, generation: JSONValue? = nil) throws {
        guard let object = config.object else {
            throw ModelFormatError.configuration(
                file: Self.path, key: "(whole file)", expected: "an object", got: config.summary)
        }
        var reader = ConfigurationReader(object, file: Self.path)
        guard let modelType = try reader.string("model_type") else {
            throw reader.fault("model_type", expected: "to be present", got: "nothing")
        }
        switch modelType {
        case "gemma3_text", "gemma3":
            self = .gemma3(try Gemma3Configuration(reader, modelType: modelType, generation: generation))
        case let other:
            throw ModelFormatError.unsupported(
                file: Self.path, what: "model_type \(other)", reason: Self.reason(for: other))
        }
    }

    /// What config.json calls its model type, also for types that are not run; nil when it says nothing readable.
    package static func statedModelType(of model: ModelFiles) -> String? {
        (try? model.json(path))?.object?["model_type"]?.string.map { printable($0) }
    }

    private static func reason(for modelType: String) -> String {
        let generations = [
            "gemma", "gemma2", "gemma3n", "gemma3n_text", "gemma4", "gemma4_text", "gemma4_unified",
            "gemma4_unified_text",
        ]
        return generations.contains(modelType)
            ? "a Gemma generation whose forward pass this build lacks; it runs gemma3_text and gemma3"
            : "not a Gemma text model known here; this build runs gemma3_text and gemma3"
    }

    package var modelType: String {
        switch self {
        case .gemma3(let gemma3): gemma3.modelType
        }
    }

    /// The longest text, in tokens, that the model was made for (`max_position_embeddings`).
    package var contextLength: Int {
        switch self {
        case .gemma3(let gemma3): gemma3.contextLength
        }
    }

    /// Rows of the embedding; at least as many as the tokenizer has pieces.
    package var vocabularySize: Int {
        switch self {
        case .gemma3(let gemma3): gemma3.vocabularySize
        }
    }

    /// Tokens that end a text: generation_config.json's, else config.json's, as transformers does.
    package var endOfSequence: [Int] {
        switch self {
        case .gemma3(let gemma3): gemma3.endOfSequence
        }
    }

    /// Keys of config.json that neither this reader nor transformers' class for this model type knows.
    package var unknownKeys: [String] {
        switch self {
        case .gemma3(let gemma3): gemma3.unknownKeys
        }
    }

    /// The tensors that the configuration implies, given the names present.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        switch self {
        case .gemma3(let gemma3): try gemma3.expectedTensors(in: tensors)
        }
    }
}
