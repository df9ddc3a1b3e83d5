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
package struct Gemma3Configuration: TextConfiguration, Equatable {
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
    /// A sliding layer at position i sees keys j with i - window < j <= i; an encoder's also those with j < i + window.
    package let slidingWindow: Int
    /// Whether every token sees those after it too (EmbeddingGemma).
    package let isBidirectional: Bool
    /// The kind of each layer, from the first on.
    package let layers: [AttentionKind]
    package let fullRoPE: RoPE
    package let slidingRoPE: RoPE
    package let tiesWordEmbeddings: Bool
    package let endOfSequence: [Int]
    package let unknownKeys: [String]

    /// - Parameter isEncoder: whether states are asked for and no next token: only then may it look both ways.
    init(_ top: ConfigurationReader, modelType: String, generation: JSONValue?, isEncoder: Bool = false) throws {
        var top = top
        self.modelType = modelType
        try top.refuse(Self.foreignKeys, in: "Gemma 3")
        let isWrapper = modelType == "gemma3"
        var text = try top.textPart(wrapper: isWrapper, inner: "gemma3_text")
        try text.refuse(Self.foreignKeys, in: "Gemma 3")
        let size = 1...(1 << 20)

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
        layers = try text.attentionKinds(count: layerCount, defaultPeriod: 6)
        isBidirectional = try isEncoder && text.boolean("use_bidirectional_attention", nullable: true) ?? false
        // The key counts both sides; transformers keeps the half of it, and the position itself.
        let window = try text.slidingWindow(default: 4096, kinds: layers)
        slidingWindow = isBidirectional ? window / 2 + 1 : window
        (fullRoPE, slidingRoPE) = try Self.rope(&text)

        try text.checkHeads(queries: queryHeads, keyValues: keyValueHeads)
        guard hiddenSize % queryHeads == 0 else {
            throw text.fault(
                "hidden_size", expected: "a multiple of \(queryHeads) query heads, as transformers demands",
                got: "\(hiddenSize)")
        }
        guard headDimension % 2 == 0 else {
            throw text.fault("head_dim", expected: "an even number, for rotary pairs", got: "\(headDimension)")
        }
        try text.expect("hidden_activation", "gelu_pytorch_tanh")
        try text.expectFalse("attention_bias")
        try text.expectCausal()
        if !isBidirectional { try text.expectFalse("use_bidirectional_attention", nullable: true) }
        try text.expectNull("final_logit_softcapping", in: "Gemma 3")
        try text.expectNull("attn_logit_softcapping", in: "Gemma 3")

        // The wrapper's own key decides for the wrapper (its class is the one that ties); the text part's for itself.
        let innerTies = try text.boolean("tie_word_embeddings")
        tiesWordEmbeddings =
            try (isWrapper ? top.boolean("tie_word_embeddings", nullable: true) : innerTies) ?? true
        let innerEnd = try text.tokens("eos_token_id")
        let ownEnd = try (isWrapper ? top.tokens("eos_token_id") : nil) ?? innerEnd
        endOfSequence = try text.endOfSequence(own: ownEnd, generation: generation)

        var unknown = text.keysLeft(besides: ConfigurationReader.harmlessKeys).map { text.path + $0 }
        if isWrapper { unknown += top.keysLeft(besides: ConfigurationReader.harmlessKeys.union(Self.wrapperKeys)) }
        unknownKeys = unknown
    }
}
