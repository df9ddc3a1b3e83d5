extension GGUFCheckpoint {
    /// What config.json would say of this model: the metadata under the keys of transformers' text classes.
    package func configuration() throws -> JSONObject { try GGUFConfiguration(self).config }
}

extension GemmaConfiguration {
    /// Reads a GGUF model's metadata as if they were a config.json; messages speak of the GGUF file.
    package init(gguf checkpoint: GGUFCheckpoint) throws {
        do {
            try self.init(.object(try checkpoint.configuration()), file: checkpoint.name)
        } catch ModelFormatError.configuration(let file, let key, let expected, let got) {
            let own = try GGUFConfiguration.key(for: key, architecture: checkpoint.architecture())
            throw ModelFormatError.configuration(file: file, key: own, expected: expected, got: got)
        }
    }
}

extension GGUFConfiguration {
    /// The key of the metadata that a key of config.json was made from; the same where it was made from none.
    static func key(for key: String, architecture: String) -> String {
        if key == "eos_token_id" { return "tokenizer.ggml.eos_token_id" }
        if key == "vocab_size" { return "token_embd.weight" }
        return names[key].map { "\(architecture).\($0)" } ?? key
    }

    private static let names = [
        "hidden_size": "embedding_length", "intermediate_size": "feed_forward_length",
        "num_hidden_layers": "block_count", "num_attention_heads": "attention.head_count",
        "num_key_value_heads": "attention.head_count_kv", "head_dim": "attention.key_length",
        "global_head_dim": "attention.key_length", "rms_norm_eps": "attention.layer_norm_rms_epsilon",
        "max_position_embeddings": "context_length", "sliding_window": "attention.sliding_window",
        "layer_types": "attention.sliding_window_pattern", "query_pre_attn_scalar": "attention.key_length",
        "num_kv_shared_layers": "attention.shared_kv_layers", "num_experts": "expert_count",
        "top_k_experts": "expert_used_count", "moe_intermediate_size": "expert_feed_forward_length",
        "hidden_size_per_layer_input": "embedding_length_per_layer_input", "altup_num_inputs": "altup.num_inputs",
        "altup_active_idx": "altup.active_idx", "final_logit_softcapping": "final_logit_softcapping",
        "attn_logit_softcapping": "attn_logit_softcapping", "hidden_activation": "hidden_activation",
        "hidden_act": "hidden_activation", "is_causal": "attention.causal",
        "activation_sparsity_pattern": "activation_sparsity_scale",
        "rope_parameters.rope_theta": "rope.freq_base", "rope_parameters.factor": "rope.scaling.factor",
        "rope_parameters.full_attention.rope_theta": "rope.freq_base",
        "rope_parameters.full_attention.factor": "rope.scaling.factor",
        "rope_parameters.sliding_attention.rope_theta": "rope.freq_base_swa",
    ]
}
