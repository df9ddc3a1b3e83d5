/// The text part of a Gemma 4 model: the fields of transformers 5.23's Gemma4TextConfig and Gemma4UnifiedTextConfig that
/// the arithmetic uses, resolved for every layer.
///
/// The rule for keys is that of `Gemma3Configuration`. The unified class is the same decoder without per-layer
/// embeddings and without experts; keys of those are refused there unless they are switched off.
package struct Gemma4Configuration: TextConfiguration, Equatable {
    /// One decoder layer.
    package struct Layer: Equatable, Sendable {
        package let kind: AttentionKind
        package let keyValueHeads: Int
        package let headDimension: Int
        /// The width of the dense feed-forward.
        package let intermediateSize: Int
        /// The layer whose keys and values this one reads: itself, or the last of its kind before the shared ones.
        package let keyValueSource: Int
        /// Whether values are made of the unnormalised keys (`attention_k_eq_v`), without a projection of their own.
        package let valuesAreKeys: Bool
    }

    /// The mixture of experts beside the dense feed-forward of every layer.
    package struct Experts: Equatable, Sendable {
        package let count: Int
        /// How many a token is sent to.
        package let chosen: Int
        package let intermediateSize: Int
    }

    /// A narrow second embedding with an input for every layer.
    package struct PerLayerEmbedding: Equatable, Sendable {
        /// Numbers per token and layer.
        package let width: Int
        /// Rows of the table, at least one for each of the vocabulary's.
        package let vocabularySize: Int
    }

    /// gemma4_text, gemma4_unified_text, or gemma4, gemma4_unified for the wrapper whose text part this is.
    package let modelType: String
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let queryHeads: Int
    package let normEpsilon: Double
    package let contextLength: Int
    /// A sliding layer at position i sees keys j with i - window < j <= i.
    package let slidingWindow: Int
    /// From the first layer on.
    package let layers: [Layer]
    package let fullRoPE: RoPE
    package let slidingRoPE: RoPE
    /// Nil when the layers have no inputs of their own.
    package let perLayerEmbedding: PerLayerEmbedding?
    /// Nil when every layer is dense.
    package let experts: Experts?
    /// Bounds the logits to cap * tanh(logit / cap); nil leaves them.
    package let logitSoftcap: Double?
    /// Tokens of images, video and sound, which a wrapper without those inputs reads as `padding`.
    package let mediaTokens: Set<Int>
    package let padding: Int
    package let tiesWordEmbeddings: Bool
    package let endOfSequence: [Int]
    package let unknownKeys: [String]

    var isWrapper: Bool { !modelType.hasSuffix("_text") }

    init(_ top: ConfigurationReader, modelType: String, generation: JSONValue?) throws {
        var top = top
        self.modelType = modelType
        let isWrapper = !modelType.hasSuffix("_text"), isUnified = modelType.hasPrefix("gemma4_unified")
        try top.refuse(Self.foreignKeys, in: "Gemma 4")
        var text = try top.textPart(wrapper: isWrapper, inner: isUnified ? "gemma4_unified_text" : "gemma4_text")
        try text.refuse(isUnified ? Self.foreignKeys.union(Self.keysBeyondUnified) : Self.foreignKeys, in: "Gemma 4")
        let size = 1...(1 << 20)

        vocabularySize = try text.integer("vocab_size", in: 1...(1 << 24)) ?? 262_144
        hiddenSize = try text.integer("hidden_size", in: size) ?? 2304
        queryHeads = try text.integer("num_attention_heads", in: 1...4096) ?? 8
        normEpsilon = try text.positiveNumber("rms_norm_eps") ?? 1e-6
        contextLength =
            try text.integer("max_position_embeddings", in: 1...(1 << 30)) ?? (isUnified ? 262_144 : 131_072)
        slidingWindow = try text.integer("sliding_window", in: 1...(1 << 30)) ?? (isUnified ? 1024 : 512)
        layers = try Self.layers(&text, queryHeads: queryHeads)
        (fullRoPE, slidingRoPE) = try Self.rope(&text, kinds: Set(layers.map(\.kind)))
        perLayerEmbedding = isUnified ? nil : try Self.perLayerEmbedding(&text, vocabularySize: vocabularySize)
        experts = isUnified ? nil : try Self.experts(&text)
        logitSoftcap = try text.positiveNumber("final_logit_softcapping", nullable: true)

        try text.expect("hidden_activation", "gelu_pytorch_tanh")
        try text.expectFalse("attention_bias")
        try text.expectCausal()
        // "vision" lets the tokens of an image see each other; text stays causal.
        try text.expect("use_bidirectional_attention", "vision", nullable: true)

        (mediaTokens, padding) = isWrapper ? try Self.mediaTokens(&top, &text, vocabularySize) : ([], 0)
        // The wrapper's own key decides for the wrapper (its class is the one that ties); the text part's for itself.
        let innerTies = try text.boolean("tie_word_embeddings")
        tiesWordEmbeddings = try (isWrapper ? top.boolean("tie_word_embeddings") : innerTies) ?? true
        let innerEnd = try text.tokens("eos_token_id")
        let ownEnd = try (isWrapper ? top.tokens("eos_token_id") : nil) ?? innerEnd
        endOfSequence = try text.endOfSequence(own: ownEnd, generation: generation)

        let known = ConfigurationReader.harmlessKeys.union(Self.foreignKeys)
        var unknown = text.keysLeft(besides: known.union(Self.keysBeyondUnified)).map { text.path + $0 }
        if isWrapper { unknown += top.keysLeft(besides: known.union(Self.wrapperKeys)) }
        unknownKeys = unknown
    }
}
