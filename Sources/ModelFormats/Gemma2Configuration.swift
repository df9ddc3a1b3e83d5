/// A Gemma 2 model: the fields of transformers 5.23's Gemma2Config that the arithmetic uses. Read by the rule that
/// `Gemma3Configuration` states.
package struct Gemma2Configuration: TextConfiguration, Equatable {
    package let modelType: String
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let queryHeads: Int
    package let keyValueHeads: Int
    package let headDimension: Int
    package let normEpsilon: Double
    package let contextLength: Int
    /// Scores are multiplied by this to the power of -1/2; not always the head dimension (27b: 144, not 128).
    package let queryPreAttentionScalar: Double
    /// Bounds of scores and of logits, each cap * tanh(x / cap); nil leaves them.
    package let attentionSoftcap, finalSoftcap: Double?
    /// A sliding layer at position i sees keys j with i - window < j <= i.
    package let slidingWindow: Int
    /// The kind of each layer, from the first on.
    package let layers: [AttentionKind]
    package let rope: RoPE
    package let tiesWordEmbeddings: Bool
    package let endOfSequence: [Int]
    package let unknownKeys: [String]

    init(_ reader: ConfigurationReader, modelType: String, generation: JSONValue?) throws {
        var text = reader
        self.modelType = modelType
        try text.refuse(Self.foreignKeys, in: "Gemma 2")
        let size = 1...(1 << 20)

        vocabularySize = try text.integer("vocab_size", in: 1...(1 << 24)) ?? 256_000
        hiddenSize = try text.integer("hidden_size", in: size) ?? 2304
        intermediateSize = try text.integer("intermediate_size", in: size) ?? 9216
        let layerCount = try text.integer("num_hidden_layers", in: 1...1024) ?? 26
        queryHeads = try text.integer("num_attention_heads", in: 1...4096) ?? 8
        keyValueHeads = try text.integer("num_key_value_heads", in: 1...4096) ?? 4
        headDimension = try text.integer("head_dim", in: 2...4096) ?? 256
        normEpsilon = try text.positiveNumber("rms_norm_eps") ?? 1e-6
        contextLength = try text.integer("max_position_embeddings", in: 1...(1 << 30)) ?? 8192
        queryPreAttentionScalar = try text.positiveNumber("query_pre_attn_scalar") ?? 256
        attentionSoftcap = try Self.softcap("attn_logit_softcapping", default: 50, &text)
        finalSoftcap = try Self.softcap("final_logit_softcapping", default: 30, &text)
        layers = try Self.layers(&text, count: layerCount)
        slidingWindow = try text.slidingWindow(default: 4096, kinds: layers)
        rope = try text.sharedRoPE()

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
        try text.expectFalse("use_bidirectional_attention", nullable: true)

        tiesWordEmbeddings = try text.boolean("tie_word_embeddings") ?? true
        endOfSequence = try text.endOfSequence(own: try text.tokens("eos_token_id"), generation: generation)
        // The first releases state their window under a second name that no version of transformers reads.
        unknownKeys = text.keysLeft(besides: ConfigurationReader.harmlessKeys.union(["sliding_window_size"]))
    }

    /// `layer_types`, else sliding and full in turn, sliding first: the class knows no other period.
    private static func layers(_ text: inout ConfigurationReader, count: Int) throws -> [AttentionKind] {
        let names = try text.strings("layer_types", nullable: true)
        for key in ["sliding_window_pattern", "_sliding_window_pattern"] {
            if let period = try text.integer(key, in: 1...(1 << 20), nullable: true), period != 2, names == nil {
                throw text.fault(key, expected: "2, the only one of Gemma 2, or layer_types", got: "\(period)")
            }
        }
        return try names.map { try text.attentionKinds($0, count: count) }
            ?? (0..<count).map { $0 % 2 == 0 ? .sliding : .full }
    }

    /// A key that is null switches its cap off; one that is absent does not.
    private static func softcap(
        _ key: String, default ofClass: Double, _ text: inout ConfigurationReader
    ) throws -> Double? {
        text.object[key] == nil ? ofClass : try text.positiveNumber(key, nullable: true)
    }
}
