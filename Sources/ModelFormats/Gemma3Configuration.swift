/// The text part of a Gemma 3 model: the fields of transformers 5.23's Gemma3TextConfig that the arithmetic uses.
///
/// The rule for keys:
/// - a key of that class is used; absent, it takes that class's default (the real 4b, 12b and 27b repositories rely on
///   it), whatever other generations or sizes use;
/// - a value that the forward pass does not compute (another activation, a softcap, attention biases, both directions,
///   a rope type besides `default` and `linear`, quantised weights) is refused by name;
/// - a key that changes the arithmetic of *other* models or loaders (`foreignKeys`) is refused unless it is switched
///   off (null, false, 0 or empty), because a repository that carries it was not made for this forward pass;
/// - every other unknown key is ignored, as the class itself does, and listed in `unknownKeys` for the report.
package struct Gemma3Configuration: Equatable, Sendable {
    package enum Attention: String, Equatable, Sendable {
        case sliding = "sliding_attention"
        case full = "full_attention"
    }

    /// Rotary embedding of one kind of layer: angle(p, j) = p * base^(-2j / headDimension) / factor.
    package struct RoPE: Equatable, Sendable {
        package let base: Double
        /// 1 for rope_type default, the factor for linear.
        package let factor: Double

        package init(base: Double, factor: Double) {
            self.base = base
            self.factor = factor
        }
    }

    /// gemma3_text, or gemma3 for the wrapper whose text part this is.
    package let modelType: String
    /// Rows of the embedding; some wrappers have more than the tokenizer has pieces.
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let queryHeads: Int
    package let keyValueHeads: Int
    package let headDimension: Int
    package let normEpsilon: Double
    package let contextLength: Int
    /// Scores are multiplied by this to the power of -1/2; not always the head dimension (27b: 168, not 128).
    package let queryPreAttentionScalar: Double
    /// A sliding layer at position i sees keys j with i - window < j <= i.
    package let slidingWindow: Int
    /// The kind of each layer, from the first on.
    package let layers: [Attention]
    package let fullRoPE: RoPE
    package let slidingRoPE: RoPE
    package let tiesWordEmbeddings: Bool
    package let endOfSequence: [Int]
    package let unknownKeys: [String]

    init(_ top: ConfigurationReader, modelType: String, generation: JSONValue?) throws {
        var top = top
        self.modelType = modelType
        try Self.refuseForeignKeys(top)
        let size = 1...(1 << 20)
        var text = top
        if modelType == "gemma3" {
            // An absent text_config is a Gemma3TextConfig of defaults.
            text = ConfigurationReader(
                try top.object("text_config", nullable: true) ?? JSONObject(), file: top.file, path: "text_config.")
            try Self.refuseForeignKeys(text)
            if let inner = try text.string("model_type"), inner != "gemma3_text" {
                throw text.fault("model_type", expected: "gemma3_text", got: quoted(inner))
            }
        }

        vocabularySize = try text.integer("vocab_size", in: 1...(1 << 24)) ?? 262_208
        hiddenSize = try text.integer("hidden_size", in: size) ?? 2304
        intermediateSize = try text.integer("intermediate_size", in: size) ?? 9216
        let layerCount = try text.integer("num_hidden_layers", in: 1...1024) ?? 26
        queryHeads = try text.integer("num_attention_heads", in: 1...4096) ?? 8
        keyValueHeads = try text.integer("num_key_value_heads", in: 1...4096) ?? 4
        headDimension = try text.integer("head_dim", in: 2...4096) ?? 256
        normEpsilon = try text.positiveNumber("rms_norm_eps") ?? 1e-6
        contextLength = try text.integer("max_position_embeddings", in: 1...(1 << 30)) ?? 131_072
        queryPreAttentionScalar = try text.positiveNumber("query_pre_attn_scalar") ?? 256
        layers = try Self.layers(&text, count: layerCount)
        let window = try text.integer("sliding_window", in: 1...(1 << 30), nullable: true)
        if window == nil, text.object["sliding_window"] != nil, layers.contains(.sliding) {
            throw text.fault("sliding_window", expected: "a number, because there are sliding layers", got: "null")
        }
        slidingWindow = window ?? 4096
        (fullRoPE, slidingRoPE) = try Self.rope(&text)

        guard queryHeads % keyValueHeads == 0 else {
            throw text.fault(
                "num_key_value_heads", expected: "a divisor of \(queryHeads) query heads", got: "\(keyValueHeads)")
        }
        guard hiddenSize % queryHeads == 0 else {
            throw text.fault(
                "hidden_size", expected: "a multiple of \(queryHeads) query heads, as transformers demands",
                got: "\(hiddenSize)")
        }
        guard headDimension % 2 == 0 else {
            throw text.fault("head_dim", expected: "an even number, for rotary pairs", got: "\(headDimension)")
        }
        try Self.checkFixedValues(&text)

        // The wrapper's own key decides for the wrapper (its class is the one that ties); the text part's for itself.
        let innerTies = try text.boolean("tie_word_embeddings")
        tiesWordEmbeddings =
            try (modelType == "gemma3" ? top.boolean("tie_word_embeddings", nullable: true) : innerTies)
            ?? true

        let ownEnd =
            try modelType == "gemma3"
            ? top.tokens("eos_token_id") ?? text.tokens("eos_token_id")
            : text.tokens("eos_token_id")
        var generationEnd: [Int]?
        if let generation {
            var reader = ConfigurationReader(generation.object ?? JSONObject(), file: "generation_config.json")
            generationEnd = try reader.tokens("eos_token_id")
        }
        endOfSequence = generationEnd ?? ownEnd ?? [1]

        var unknown = text.keysLeft(besides: Self.harmlessKeys).map { text.path + $0 }
        if modelType == "gemma3" { unknown += top.keysLeft(besides: Self.harmlessKeys.union(Self.wrapperKeys)) }
        unknownKeys = unknown
    }

    private static func layers(_ text: inout ConfigurationReader, count: Int) throws -> [Attention] {
        let pattern = try text.integer("sliding_window_pattern", in: 1...(1 << 20)) ?? 6
        let names = try text.strings("layer_types", nullable: true)
        let saved = try text.integer("_sliding_window_pattern", in: 1...(1 << 20), nullable: true)
        guard let names else {
            // transformers 5 reads sliding_window_pattern and only writes the other spelling, next to layer_types.
            if let saved, saved != pattern {
                throw text.fault(
                    "_sliding_window_pattern",
                    expected: "\(pattern), which sliding_window_pattern implies, or layer_types",
                    got: "\(saved)")
            }
            return (1...count).map { $0 % pattern == 0 ? .full : .sliding }
        }
        guard names.count == count else {
            throw text.fault("layer_types", expected: "\(count) entries, one per layer", got: "\(names.count)")
        }
        return try names.map { name in
            guard let kind = Attention(rawValue: name) else {
                throw text.fault("layer_types", expected: "sliding_attention or full_attention", got: quoted(name))
            }
            return kind
        }
    }

    /// Keys of the class with the one value that the forward pass computes.
    private static func checkFixedValues(_ text: inout ConfigurationReader) throws {
        if let name = try text.string("hidden_activation"), name != "gelu_pytorch_tanh" {
            throw text.fault("hidden_activation", expected: "gelu_pytorch_tanh", got: quoted(name))
        }
        if try text.boolean("attention_bias") == true {
            throw text.fault("attention_bias", expected: "false", got: "true")
        }
        // No field of the class, but transformers 5 looks both ways when the text part carries anything untrue, even null.
        if let isCausal = text.raw("is_causal"), isCausal != .boolean(true) {
            throw text.fault("is_causal", expected: "true", got: isCausal.summary)
        }
        if try text.boolean("use_bidirectional_attention", nullable: true) == true {
            throw text.fault("use_bidirectional_attention", expected: "false", got: "true")
        }
        for key in ["final_logit_softcapping", "attn_logit_softcapping"] {
            if let cap = try text.value(key, nullable: true) {
                throw text.fault(key, expected: "null for Gemma 3", got: cap.summary)
            }
        }
    }

    private static func refuseForeignKeys(_ reader: ConfigurationReader) throws {
        for (key, value) in reader.object.members where foreignKeys.contains(key) {
            switch value {
            case .null, .boolean(false), .integer(0), .number(0): continue
            case .array(let elements) where elements.isEmpty: continue
            case .object(let object) where object.members.isEmpty: continue
            case .object where quantizationKeys.contains(key):
                throw ModelFormatError.unsupported(
                    file: reader.file, what: reader.path + key,
                    reason: "the weights are quantised: \(value.quantization)")
            default:
                throw reader.fault(key, expected: "none in a Gemma 3 model that this build runs", got: value.summary)
            }
        }
    }
}

extension JSONValue {
    /// What a quantization_config calls its method.
    fileprivate var quantization: String { object?["quant_method"]?.string ?? summary }
}
