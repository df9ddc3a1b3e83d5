extension Gemma3Configuration {
    /// Keys that change the arithmetic elsewhere: quantised weights, code of the repository's own, other generations'
    /// layers, and scalings that forks of transformers read.
    static let foreignKeys: Set<String> = [
        "quantization_config", "quantization", "compression_config", "auto_map", "custom_pipelines",
        "num_kv_shared_layers", "hidden_size_per_layer_input", "altup_num_inputs", "altup_active_idx", "laurel_rank",
        "activation_sparsity_pattern", "global_head_dim", "num_global_key_value_heads", "per_layer_config",
        "attention_k_eq_v", "enable_moe_block", "num_experts", "num_local_experts", "top_k_experts",
        "moe_intermediate_size", "use_double_wide_mlp", "partial_rotary_factor", "mlp_bias", "attention_multiplier",
        "residual_multiplier", "embedding_multiplier", "logits_scaling", "logit_scale", "attention_sinks", "qkv_bias",
        "lora", "rope_scaling_factor", "no_rope_layers", "use_qk_norm", "adapters",
    ]

    static let wrapperKeys: Set<String> = [
        "text_config", "vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index",
        "image_token_index", "boi_token_id", "eoi_token_id", "image_token_id", "eos_token_id",
    ]
}
