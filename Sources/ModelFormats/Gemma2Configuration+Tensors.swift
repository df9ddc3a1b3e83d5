extension Gemma2Configuration {
    /// What Gemma 3 refuses, and what came with Gemma 3: Gemma2Config has none of it.
    static let foreignKeys = Gemma3Configuration.foreignKeys.union(["rope_local_base_freq", "text_config"])

    /// Names as transformers 5.23 accepts them: `model.` for the class with a head, nothing for its bare body.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        let h = hiddenSize, f = intermediateSize, d = headDimension
        let shapes: [(String, [Int])] = [
            ("input_layernorm", [h]),
            ("self_attn.q_proj", [queryHeads * d, h]),
            ("self_attn.k_proj", [keyValueHeads * d, h]),
            ("self_attn.v_proj", [keyValueHeads * d, h]),
            ("self_attn.o_proj", [h, queryHeads * d]),
            ("post_attention_layernorm", [h]),
            ("pre_feedforward_layernorm", [h]),
            ("mlp.gate_proj", [f, h]),
            ("mlp.up_proj", [f, h]),
            ("mlp.down_proj", [h, f]),
            ("post_feedforward_layernorm", [h]),
        ]
        return try ExpectedTensors(
            in: tensors, modelType: modelType, prefixes: ["model.", ""], vocabularySize: vocabularySize, hiddenSize: h,
            headNames: ["lm_head.weight"], tiesWordEmbeddings: tiesWordEmbeddings
        ) { prefix in
            layers.indices.flatMap { index in
                shapes.map { .init(name: "\(prefix)layers.\(index).\($0.0).weight", shape: $0.1) }
            }
        }
    }
}
