extension Gemma1Configuration {
    /// What Gemma 3 refuses, and what came with Gemma 2 and 3: GemmaConfig has none of it.
    static let foreignKeys = Gemma3Configuration.foreignKeys.union([
        "query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping", "sliding_window",
        "sliding_window_pattern", "_sliding_window_pattern", "rope_local_base_freq", "text_config",
    ])

    /// Names as transformers 5.23 accepts them: `model.` for the class with a head, nothing for its bare body. The
    /// second norm of a layer, `post_attention_layernorm`, is the one before the feed-forward here.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        let h = hiddenSize, f = intermediateSize, d = headDimension
        let shapes: [(String, [Int])] = [
            ("input_layernorm", [h]),
            ("self_attn.q_proj", [queryHeads * d, h]),
            ("self_attn.k_proj", [keyValueHeads * d, h]),
            ("self_attn.v_proj", [keyValueHeads * d, h]),
            ("self_attn.o_proj", [h, queryHeads * d]),
            ("post_attention_layernorm", [h]),
            ("mlp.gate_proj", [f, h]),
            ("mlp.up_proj", [f, h]),
            ("mlp.down_proj", [h, f]),
        ]
        return try ExpectedTensors(
            in: tensors, modelType: modelType, prefixes: ["model.", ""], vocabularySize: vocabularySize, hiddenSize: h,
            headNames: ["lm_head.weight"], tiesWordEmbeddings: tiesWordEmbeddings
        ) { prefix in
            (0..<layerCount).flatMap { index in
                shapes.map { .init(name: "\(prefix)layers.\(index).\($0.0).weight", shape: $0.1) }
            }
        }
    }
}
