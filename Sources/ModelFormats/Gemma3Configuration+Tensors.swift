extension Gemma3Configuration {
    /// Names as transformers 5.23 accepts them: `model.` for the text class (nothing for its bare body); for the wrapper
    /// `language_model.model.` (as published) or `model.language_model.` (newer saves). An output head of its own is
    /// `lm_head.weight`, for the wrapper also `language_model.lm_head.weight`, as old checkpoints have it.
    package func expectedTensors(in tensors: ModelTensors) throws -> ExpectedTensors {
        let h = hiddenSize, f = intermediateSize, d = headDimension, isWrapper = modelType == "gemma3"
        let shapes: [(String, [Int])] = [
            ("input_layernorm", [h]),
            ("self_attn.q_proj", [queryHeads * d, h]),
            ("self_attn.k_proj", [keyValueHeads * d, h]),
            ("self_attn.v_proj", [keyValueHeads * d, h]),
            ("self_attn.q_norm", [d]),
            ("self_attn.k_norm", [d]),
            ("self_attn.o_proj", [h, queryHeads * d]),
            ("post_attention_layernorm", [h]),
            ("pre_feedforward_layernorm", [h]),
            ("mlp.gate_proj", [f, h]),
            ("mlp.up_proj", [f, h]),
            ("mlp.down_proj", [h, f]),
            ("post_feedforward_layernorm", [h]),
        ]
        return try ExpectedTensors(
            in: tensors, modelType: modelType,
            prefixes: isWrapper ? ["language_model.model.", "model.language_model."] : ["model.", ""],
            vocabularySize: vocabularySize, hiddenSize: h,
            headNames: isWrapper ? ["lm_head.weight", "language_model.lm_head.weight"] : ["lm_head.weight"],
            tiesWordEmbeddings: tiesWordEmbeddings,
            knownExtras: isWrapper
                ? ["vision_tower.", "model.vision_tower.", "multi_modal_projector.", "model.multi_modal_projector."]
                : []
        ) { prefix in
            layers.indices.flatMap { index in
                shapes.map { .init(name: "\(prefix)layers.\(index).\($0.0).weight", shape: $0.1) }
            }
        }
    }
}
