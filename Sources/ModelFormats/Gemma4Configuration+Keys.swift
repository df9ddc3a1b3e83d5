extension Gemma4Configuration {
    /// Keys that change the arithmetic elsewhere: quantised weights, code of the repository's own, other generations'
    /// layers, and scalings that this class ignores but that others read.
    static let foreignKeys: Set<String> = [
        "quantization_config", "quantization", "compression_config", "auto_map", "custom_pipelines", "rope_scaling",
        "partial_rotary_factor", "rope_local_base_freq", "query_pre_attn_scalar", "attn_logit_softcapping",
        "altup_num_inputs", "altup_active_idx", "laurel_rank", "activation_sparsity_pattern", "num_local_experts",
        "mlp_bias", "attention_multiplier", "residual_multiplier", "embedding_multiplier", "logits_scaling",
        "logit_scale", "attention_sinks", "qkv_bias", "lora", "rope_scaling_factor", "no_rope_layers", "use_qk_norm",
        "adapters",
    ]

    /// Keys of Gemma4TextConfig that Gemma4UnifiedTextConfig lacks.
    static let keysBeyondUnified: Set<String> = [
        "hidden_size_per_layer_input", "enable_moe_block", "num_experts", "top_k_experts", "moe_intermediate_size",
    ]

    static let wrapperKeys: Set<String> = [
        "text_config", "vision_config", "audio_config", "boi_token_id", "eoi_token_id", "image_token_id",
        "video_token_id", "boa_token_id", "eoa_token_id", "eoa_token_index", "audio_token_id", "eos_token_id",
        "vision_soft_tokens_per_image",
    ]

    /// The wrapper puts the padding token where an image, a video or sound belongs, then their features if there are
    /// any; in a text there are none. Its class needs a padding token for that.
    static func mediaTokens(
        _ top: inout ConfigurationReader, _ text: inout ConfigurationReader, _ vocabularySize: Int
    ) throws -> (Set<Int>, padding: Int) {
        var media: Set<Int> = []
        for (key, ofClass) in [
            ("image_token_id", 258_880), ("video_token_id", 258_884), ("audio_token_id", 258_881),
        ] {
            let isAbsent = top.object[key] == nil
            if let token = try top.integer(key, in: 0...Int(Int32.max), nullable: true) ?? (isAbsent ? ofClass : nil) {
                media.insert(token)
            }
        }
        return (media, try text.integer("pad_token_id", in: 0...(vocabularySize - 1)) ?? 0)
    }

    /// `hidden_size_per_layer_input` is the width, 0 for none.
    static func perLayerEmbedding(
        _ text: inout ConfigurationReader, vocabularySize: Int
    ) throws -> PerLayerEmbedding? {
        let width = try text.integer("hidden_size_per_layer_input", in: 0...(1 << 16)) ?? 256
        let rows = try text.integer("vocab_size_per_layer_input", in: 1...(1 << 24)) ?? 262_144
        guard width > 0 else { return nil }
        guard rows >= vocabularySize else {
            throw text.fault(
                "vocab_size_per_layer_input",
                expected: "a row for each of the \(vocabularySize) tokens, as transformers needs", got: "\(rows)")
        }
        return PerLayerEmbedding(width: width, vocabularySize: rows)
    }

    /// Sizes are read only when `enable_moe_block` is true, as the class does.
    static func experts(_ text: inout ConfigurationReader) throws -> Experts? {
        guard try text.boolean("enable_moe_block") == true else { return nil }
        func size(_ key: String, _ bounds: ClosedRange<Int>) throws -> Int {
            guard let value = try text.integer(key, in: bounds, nullable: true) else {
                throw text.fault(key, expected: "a number, because enable_moe_block is true", got: "nothing")
            }
            return value
        }
        let count = try size("num_experts", 1...(1 << 16))
        return Experts(
            count: count, chosen: try size("top_k_experts", 1...count),
            intermediateSize: try size("moe_intermediate_size", 1...(1 << 20)))
    }
}
