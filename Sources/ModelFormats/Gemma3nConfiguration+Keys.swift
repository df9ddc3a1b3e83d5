extension Gemma3nConfiguration {
    /// Keys that change the arithmetic elsewhere: Gemma 3's list without what is Gemma 3n's own.
    static let foreignKeys: Set<String> = Gemma3Configuration.foreignKeys.subtracting([
        "num_kv_shared_layers", "hidden_size_per_layer_input", "altup_num_inputs", "altup_active_idx", "laurel_rank",
        "activation_sparsity_pattern",
    ]).union(["attn_logit_softcapping", "use_bidirectional_attention"])

    /// In the published text_config, without effect: two are for training, and the scale of scores is 1 whatever the
    /// third says.
    static let ignoredKeys: Set<String> = ["altup_coef_clip", "altup_lr_multiplier", "query_pre_attn_scalar"]

    static let wrapperKeys: Set<String> = [
        "text_config", "audio_soft_tokens_per_image", "vision_soft_tokens_per_image", "boi_token_id", "eoi_token_id",
        "image_token_id", "boa_token_id", "eoa_token_id", "audio_token_id", "eos_token_id",
    ]
}
