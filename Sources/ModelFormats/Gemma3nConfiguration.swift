/// The text part of a Gemma 3n model: the fields of transformers 5.23's Gemma3nTextConfig that the arithmetic uses, and
/// the two embedders through which the wrapper sends ids beyond the text vocabulary.
///
/// The rule for keys is `Gemma3Configuration`'s: absent keys take this class's defaults, what the forward pass does not
/// compute is refused by name, unknown keys are listed.
package struct Gemma3nConfiguration: TextConfiguration, Equatable {
    /// gemma3n_text, or gemma3n for the wrapper whose text part this is.
    package let modelType: String
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let queryHeads: Int
    package let keyValueHeads: Int
    package let headDimension: Int
    package let normEpsilon: Double
    package let contextLength: Int
    /// A sliding layer at position i sees keys j with i - window < j <= i.
    package let slidingWindow: Int
    /// The layers, from the first on.
    package let layers: [Layer]
    package let fullRoPE: RoPE
    package let slidingRoPE: RoPE
    package let altUp: AltUp
    /// Rank of the learned residual (LAuReL).
    package let laurelRank: Int
    /// Width of the input that each layer gets of its own.
    package let perLayerInputSize: Int
    /// Rows of the table of per-layer inputs; an id beyond reads row 0.
    package let perLayerVocabularySize: Int
    /// Bounds the logits to cap * tanh(logit / cap); nil leaves them.
    package let finalSoftcap: Double?
    /// Of the wrapper; none for gemma3n_text, or where the vocabulary ends before their first id.
    package let multimodalEmbedders: [MultimodalEmbedder]
    package let tiesWordEmbeddings: Bool
    package let endOfSequence: [Int]
    package let unknownKeys: [String]

    /// Alternating updates: how many copies of the residual stream a token has, and which one the layers read.
    package struct AltUp: Equatable, Sendable {
        package let streams: Int
        package let active: Int
        /// Whether the active stream is multiplied by `correct_output_scale` before the per-layer input.
        package let scalesCorrectedOutput: Bool
    }

    /// What differs from layer to layer.
    package struct Layer: Equatable, Sendable {
        package let kind: AttentionKind
        package let intermediateSize: Int
        /// The part of the gate's numbers that a normal distribution would have below the cutoff; 0 cuts nothing.
        package let sparsity: Double
        /// The earlier layer whose keys and values this one attends to; nil for a layer with its own.
        package let keyValueSource: Int?
    }

    init(_ top: ConfigurationReader, modelType: String, generation: JSONValue?) throws {
        var top = top
        self.modelType = modelType
        try top.refuse(Self.foreignKeys, in: "Gemma 3n")
        let isWrapper = modelType == "gemma3n"
        var text = try top.textPart(wrapper: isWrapper, inner: "gemma3n_text")
        try text.refuse(Self.foreignKeys, in: "Gemma 3n")
        let size = 1...(1 << 20)

        vocabularySize = try text.integer("vocab_size", in: 1...(1 << 24)) ?? 262_400
        hiddenSize = try text.integer("hidden_size", in: size) ?? 2048
        queryHeads = try text.integer("num_attention_heads", in: 1...4096) ?? 8
        keyValueHeads = try text.integer("num_key_value_heads", in: 1...4096) ?? 2
        headDimension = try text.integer("head_dim", in: 2...4096) ?? 256
        normEpsilon = try text.positiveNumber("rms_norm_eps") ?? 1e-6
        contextLength = try text.integer("max_position_embeddings", in: 1...(1 << 30)) ?? 32_768
        layers = try Self.layers(&text)
        slidingWindow = try text.slidingWindow(default: 512, kinds: layers.map(\.kind))
        // Both generations' classes read the same spellings, with the same default bases.
        (fullRoPE, slidingRoPE) = try Gemma3Configuration.rope(&text)
        altUp = try Self.altUp(&text)
        laurelRank = try text.integer("laurel_rank", in: size) ?? 64
        perLayerInputSize = try text.integer("hidden_size_per_layer_input", in: size) ?? 256
        perLayerVocabularySize = try text.integer("vocab_size_per_layer_input", in: 1...(1 << 24)) ?? 262_144
        let softcap = try text.positiveNumber("final_logit_softcapping", nullable: true)
        finalSoftcap = softcap ?? (text.object["final_logit_softcapping"] == nil ? 30 : nil)

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

        multimodalEmbedders = isWrapper ? try Self.embedders(&top, vocabularySize: vocabularySize) : []
        // The wrapper's own key decides for the wrapper (its class is the one that ties), where null unties.
        let innerTies = try text.boolean("tie_word_embeddings")
        let outerTies = isWrapper ? try top.boolean("tie_word_embeddings", nullable: true) : nil
        tiesWordEmbeddings = isWrapper ? outerTies ?? (top.object["tie_word_embeddings"] == nil) : innerTies ?? true
        let ownEnd = try (isWrapper ? top.tokens("eos_token_id") : nil) ?? text.tokens("eos_token_id")
        endOfSequence = try text.endOfSequence(own: ownEnd, generation: generation)

        let ignored = ConfigurationReader.harmlessKeys.union(Self.ignoredKeys)
        var unknown = text.keysLeft(besides: ignored).map { text.path + $0 }
        if isWrapper { unknown += top.keysLeft(besides: ConfigurationReader.harmlessKeys.union(Self.wrapperKeys)) }
        unknownKeys = unknown
    }
}
