/// A Gemma 1 model: the fields of transformers 5.23's GemmaConfig that the arithmetic uses. Read by the rule that
/// `Gemma3Configuration` states.
package struct Gemma1Configuration: TextConfiguration, Equatable {
    package let modelType: String
    package let vocabularySize: Int
    package let hiddenSize: Int
    package let intermediateSize: Int
    package let layerCount: Int
    package let queryHeads: Int
    package let keyValueHeads: Int
    /// Not derived from the hidden size: 7b has 16 heads of 256 over 3072.
    package let headDimension: Int
    package let normEpsilon: Double
    package let contextLength: Int
    package let rope: RoPE
    package let tiesWordEmbeddings: Bool
    package let endOfSequence: [Int]
    package let unknownKeys: [String]

    init(_ reader: ConfigurationReader, modelType: String, generation: JSONValue?) throws {
        var text = reader
        self.modelType = modelType
        try text.refuse(Self.foreignKeys, in: "Gemma 1")
        let size = 1...(1 << 20)

        vocabularySize = try text.integer("vocab_size", in: 1...(1 << 24)) ?? 256_000
        hiddenSize = try text.integer("hidden_size", in: size) ?? 3072
        intermediateSize = try text.integer("intermediate_size", in: size) ?? 24_576
        layerCount = try text.integer("num_hidden_layers", in: 1...1024) ?? 28
        queryHeads = try text.integer("num_attention_heads", in: 1...4096) ?? 16
        keyValueHeads = try text.integer("num_key_value_heads", in: 1...4096) ?? 16
        headDimension = try text.integer("head_dim", in: 2...4096) ?? 256
        normEpsilon = try text.positiveNumber("rms_norm_eps") ?? 1e-6
        contextLength = try text.integer("max_position_embeddings", in: 1...(1 << 30)) ?? 8192
        rope = try text.sharedRoPE()
        if let names = try text.strings("layer_types", nullable: true) {
            guard try text.attentionKinds(names, count: layerCount).allSatisfy({ $0 == .full }) else {
                throw text.fault("layer_types", expected: "full_attention for every layer", got: "sliding_attention")
            }
        }

        try text.checkHeads(queries: queryHeads, keyValues: keyValueHeads)
        guard headDimension % 2 == 0 else {
            throw text.fault("head_dim", expected: "an even number, for rotary pairs", got: "\(headDimension)")
        }
        try Self.checkActivation(&text)
        try text.expectFalse("attention_bias")
        try text.expectCausal()
        try text.expectFalse("use_bidirectional_attention", nullable: true)

        tiesWordEmbeddings = try text.boolean("tie_word_embeddings") ?? true
        endOfSequence = try text.endOfSequence(own: try text.tokens("eos_token_id"), generation: generation)
        unknownKeys = text.keysLeft(besides: ConfigurationReader.harmlessKeys)
    }

    /// The first releases say `gelu` where the tanh approximation is meant, and transformers reads it so. It ignores
    /// hidden_activation, which its version 4 obeyed: only a value that means the same to both is accepted.
    private static func checkActivation(_ text: inout ConfigurationReader) throws {
        if let name = try text.string("hidden_act"), name != "gelu", name != "gelu_pytorch_tanh" {
            throw text.fault("hidden_act", expected: "gelu_pytorch_tanh or gelu", got: quoted(name))
        }
        try text.expect("hidden_activation", "gelu_pytorch_tanh", nullable: true)
    }
}
