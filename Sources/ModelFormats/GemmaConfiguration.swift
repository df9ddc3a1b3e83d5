/// What config.json says about a Gemma model that this build can run. A generation is one case and one type with files
/// of its own (`Gemma3Configuration`); reading is strict, see `ConfigurationReader` and the generation's type.
package enum GemmaConfiguration: Sendable {
    case gemma(Gemma1Configuration)
    case gemma2(Gemma2Configuration)
    case gemma3(Gemma3Configuration)
    case gemma3n(Gemma3nConfiguration)
    case gemma4(Gemma4Configuration)

    package static let path = "config.json"

    /// Reads config.json and, for the tokens that end a text, generation_config.json; for weights in a GGUF file its
    /// metadata.
    package init(reading model: ModelFiles) throws {
        if GGUFModel.isModel(of: model) {
            try self.init(gguf: try GGUFCheckpoint(reading: model))
            return
        }
        guard let config = try model.json(Self.path) else {
            if let refusal = Adapter.refusal(of: model) { throw refusal }
            throw ModelFormatError.unreadable(file: Self.path, reason: "not among the files of this model")
        }
        try self.init(config, generation: try model.json("generation_config.json"))
    }

    /// `generation` is the value of generation_config.json, nil when there is none. `file` is what messages call the
    /// configuration's origin.
    package init(_ config: JSONValue, generation: JSONValue? = nil, file: String = GemmaConfiguration.path) throws {
        guard let object = config.object else {
            throw ModelFormatError.configuration(
                file: file, key: "", expected: "an object", got: config.summary)
        }
        if let method = try QuantisationMethod.announced(in: object, file: file),
            !QuantisationMethod.computed.contains(method.name)
        {
            throw method.refusal(file: file, "quantised weights, as \(method.evidence) says")
        }
        var reader = ConfigurationReader(object, file: file)
        guard let modelType = try reader.string("model_type") else {
            throw reader.fault("model_type", expected: "to be present", got: "nothing")
        }
        switch modelType {
        case "gemma":
            self = .gemma(try Gemma1Configuration(reader, modelType: modelType, generation: generation))
        case "gemma2":
            self = .gemma2(try Gemma2Configuration(reader, modelType: modelType, generation: generation))
        case "gemma3_text", "gemma3":
            self = .gemma3(try Gemma3Configuration(reader, modelType: modelType, generation: generation))
        case "gemma3n_text", "gemma3n":
            self = .gemma3n(try Gemma3nConfiguration(reader, modelType: modelType, generation: generation))
        case "gemma4_text", "gemma4", "gemma4_unified_text", "gemma4_unified":
            self = .gemma4(try Gemma4Configuration(reader, modelType: modelType, generation: generation))
        case let other:
            throw ModelFormatError.unsupported(
                file: file, what: "model_type \(other)",
                reason: "not a Gemma text model known here; this build runs \(Self.modelTypes)")
        }
    }

    /// What config.json calls its model type, also for types that are not run; nil when it says nothing readable.
    package static func statedModelType(of model: ModelFiles) -> String? {
        (try? model.json(path))?.object?["model_type"]?.string.map { printable($0) }
    }

    private static let modelTypes =
        "gemma, gemma2, gemma3, gemma3_text, gemma3n, gemma3n_text, gemma4, gemma4_text, gemma4_unified and "
        + "gemma4_unified_text"

    /// What every generation can say of its text model.
    package var text: any TextConfiguration {
        switch self {
        case .gemma(let gemma): gemma
        case .gemma2(let gemma2): gemma2
        case .gemma3(let gemma3): gemma3
        case .gemma3n(let gemma3n): gemma3n
        case .gemma4(let gemma4): gemma4
        }
    }

    package var modelType: String { text.modelType }
    package var contextLength: Int { text.contextLength }
    package var vocabularySize: Int { text.vocabularySize }
    package var endOfSequence: [Int] { text.endOfSequence }
    package var unknownKeys: [String] { text.unknownKeys }

    /// The tensors that the configuration implies, given the names present.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        try text.expectedTensors(in: tensors)
    }
}

/// What every generation's configuration can say, whatever its layers are made of.
package protocol TextConfiguration: Sendable {
    /// As config.json spells it; a wrapper's type (gemma3) differs from its text part's (gemma3_text).
    var modelType: String { get }
    /// Rows of the embedding; at least as many as the tokenizer has pieces.
    var vocabularySize: Int { get }
    /// The longest text, in tokens, that the model was made for (`max_position_embeddings`).
    var contextLength: Int { get }
    /// Tokens that end a text: generation_config.json's, else config.json's, as transformers does.
    var endOfSequence: [Int] { get }
    /// Keys of config.json that neither this reader nor transformers' class for this model type knows.
    var unknownKeys: [String] { get }
    /// The tensors that the configuration implies, given the names present.
    func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors
}

/// Which positions a layer's queries see.
package enum AttentionKind: String, Equatable, Sendable {
    /// The last `sliding_window` positions, the query's own included.
    case sliding = "sliding_attention"
    /// Every position up to the query's own.
    case full = "full_attention"
}

/// Rotary embedding: angle(p, j) = p * base^(-2j / headDimension) / factor for the pair (j, j + headDimension / 2).
package struct RoPE: Equatable, Sendable {
    package let base: Double
    /// 1 for rope_type default, the factor for linear.
    package let factor: Double
    /// The part of the pairs, from the first on, that turn at all; the others keep angle 0 (rope_type proportional).
    package let rotatedPart: Double

    package init(base: Double, factor: Double = 1, rotatedPart: Double = 1) {
        self.base = base
        self.factor = factor
        self.rotatedPart = rotatedPart
    }
}
