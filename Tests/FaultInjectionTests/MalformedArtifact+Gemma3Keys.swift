extension MalformedArtifact {
    /// Keys of a Gemma 3 configuration, each wrong in one way.
    static let gemma3Keys = [
        c("no model_type", "config.json: key model_type expected to be present, got nothing") {
            try $0.set("model_type", nil)
        },
        key("model_type", "7", "config.json: key model_type expected a string, got 7"),
        key(
            "model_type", "\"llama\"",
            "config.json: model_type llama is not run by this build: not a Gemma text model known here; this build "
                + "runs gemma, gemma2, gemma3, gemma3_text, gemma3n, gemma3n_text, gemma4, gemma4_text, "
                + "gemma4_unified and gemma4_unified_text",
            outcome: "unsupported"),
        key(
            "model_type", "\"gemma3\\u0000_text\"",
            "config.json: model_type gemma3?_text is not run by this build: not a Gemma text model known here; this "
                + "build runs gemma, gemma2, gemma3, gemma3_text, gemma3n, gemma3n_text, gemma4, gemma4_text, "
                + "gemma4_unified and gemma4_unified_text",
            outcome: "unsupported"),
        key("hidden_size", "NaN", "config.json is not valid JSON at byte 350: expected a value"),
        key(
            "hidden_size", "\"64\"",
            "config.json: key hidden_size expected a whole number from 1 to 1048576, got \"64\""),
        key("hidden_size", "0", "config.json: key hidden_size expected a whole number from 1 to 1048576, got 0"),
        key("hidden_size", "-64", "config.json: key hidden_size expected a whole number from 1 to 1048576, got -64"),
        key("hidden_size", "64.5", "config.json: key hidden_size expected a whole number from 1 to 1048576, got 64.5"),
        key("hidden_size", "1e400", "config.json is not valid JSON at byte 350: number out of range"),
        key(
            "hidden_size", "9223372036854775807",
            "config.json: key hidden_size expected a whole number from 1 to 1048576, got 9223372036854775807"),
        key("hidden_size", "null", "config.json: key hidden_size expected a value, got null"),
        key(
            "hidden_size", "128",
            "model.embed_tokens.weight in model.safetensors: config.json implies shape [512, 128], got [512, 64], "
                + "and 67 more like it",
            check: .inspection(.tensorShapes)),
        key(
            "intermediate_size", "0",
            "config.json: key intermediate_size expected a whole number from 1 to 1048576, got 0"),
        key(
            "intermediate_size", "256",
            "model.layers.0.mlp.gate_proj.weight in model.safetensors: config.json implies shape [256, 64], got "
                + "[128, 64], and 17 more like it",
            check: .inspection(.tensorShapes)),
        key(
            "num_hidden_layers", "0", "config.json: key num_hidden_layers expected a whole number from 1 to 1024, got 0"
        ),
        key(
            "num_hidden_layers", "100000",
            "config.json: key num_hidden_layers expected a whole number from 1 to 1024, got 100000"),
        key("num_hidden_layers", "7", "config.json: key layer_types expected 7 entries, one per layer, got 6"),
        key(
            "num_attention_heads", "0",
            "config.json: key num_attention_heads expected a whole number from 1 to 4096, got 0"),
        key(
            "num_attention_heads", "3",
            "config.json: key hidden_size expected a multiple of 3 query heads, as transformers demands, got 64"),
        key(
            "num_key_value_heads", "3",
            "config.json: key num_key_value_heads expected a divisor of 4 query heads, got 3"),
        key(
            "num_key_value_heads", "-1",
            "config.json: key num_key_value_heads expected a whole number from 1 to 4096, got -1"),
        key("head_dim", "15", "config.json: key head_dim expected an even number, for rotary pairs, got 15"),
        key("head_dim", "0", "config.json: key head_dim expected a whole number from 2 to 4096, got 0"),
        key(
            "head_dim", "32",
            "model.layers.0.self_attn.q_proj.weight in model.safetensors: config.json implies shape [128, 64], got "
                + "[64, 64], and 35 more like it",
            check: .inspection(.tensorShapes)),
        key("vocab_size", "0", "config.json: key vocab_size expected a whole number from 1 to 16777216, got 0"),
        key(
            "vocab_size", "1099511627776",
            "config.json: key vocab_size expected a whole number from 1 to 16777216, got 1099511627776"),
        key(
            "vocab_size", "256",
            "model.embed_tokens.weight in model.safetensors: config.json implies shape [256, 64], got [512, 64]",
            check: .inspection(.tensorShapes)),
        key("rms_norm_eps", "0", "config.json: key rms_norm_eps expected a number above 0, got 0"),
        key("rms_norm_eps", "-1e-06", "config.json: key rms_norm_eps expected a number above 0, got -1e-06"),
        key("rms_norm_eps", "\"1e-6\"", "config.json: key rms_norm_eps expected a number above 0, got \"1e-6\""),
        key("query_pre_attn_scalar", "0", "config.json: key query_pre_attn_scalar expected a number above 0, got 0"),
        key(
            "query_pre_attn_scalar", "true",
            "config.json: key query_pre_attn_scalar expected a number above 0, got true"),
        key(
            "sliding_window", "0", "config.json: key sliding_window expected a whole number from 1 to 1073741824, got 0"
        ),
        key(
            "sliding_window", "null",
            "config.json: key sliding_window expected a number, because there are sliding layers, got null"),
        key(
            "max_position_embeddings", "0",
            "config.json: key max_position_embeddings expected a whole number from 1 to 1073741824, got 0"),
        key(
            "max_position_embeddings", "4294967296",
            "config.json: key max_position_embeddings expected a whole number from 1 to 1073741824, got 4294967296"),
        key(
            "hidden_activation", "\"silu\"",
            "config.json: key hidden_activation expected gelu_pytorch_tanh, got \"silu\""),
        key("attention_bias", "true", "config.json: key attention_bias expected false, got true"),
        key("attention_bias", "\"no\"", "config.json: key attention_bias expected true or false, got \"no\""),
        key(
            "use_bidirectional_attention", "true",
            "config.json: key use_bidirectional_attention expected false, got true"),
        key(
            "final_logit_softcapping", "30.0",
            "config.json: key final_logit_softcapping expected null for Gemma 3, got 30.0"),
        key(
            "attn_logit_softcapping", "50.0",
            "config.json: key attn_logit_softcapping expected null for Gemma 3, got 50.0"),
        key(
            "tie_word_embeddings", "false", "config.json: lm_head.weight of shape [512, 64] is missing",
            check: .inspection(.tensorShapes)),
        key("tie_word_embeddings", "1", "config.json: key tie_word_embeddings expected true or false, got 1"),
        key(
            "eos_token_id", "\"<eos>\"",
            "config.json: key eos_token_id expected a token id or a list of them, got \"<eos>\""),
        key("eos_token_id", "-1", "config.json: key eos_token_id expected a token id or a list of them, got -1"),
        key(
            "eos_token_id", "[1,\"a\"]",
            "config.json: key eos_token_id expected a token id or a list of them, got a list of 2"),
        key(
            "rope_theta", "0",
            "config.json: key rope_parameters.full_attention.rope_theta expected a number above 0, got 0"),
        key(
            "rope_theta", "-10000.0",
            "config.json: key rope_parameters.full_attention.rope_theta expected a number above 0, got -10000.0"),
        key(
            "rope_type", "\"yarn\"",
            "config.json: key rope_parameters.full_attention.rope_type expected default or linear, got \"yarn\""),
        key("rope_type", "3", "config.json: key rope_parameters.full_attention.rope_type expected a string, got 3"),
        c("rope_parameters a list", "config.json: key rope_parameters expected an object, got a list of 0") {
            try $0.replace(file, "\"rope_parameters\": {", "\"rope_parameters\": [], \"x\": {")
        },
        c("layer_types too short", "config.json: key layer_types expected 6 entries, one per layer, got 5") {
            try $0.replace(file, "    \"sliding_attention\",\n", "")
        },
        c(
            "layer_types of another kind",
            "config.json: key layer_types expected sliding_attention or full_attention, got \"linear_attention\""
        ) {
            try $0.replace(file, "\"full_attention\"\n", "\"linear_attention\"\n")
        },
        c("layer_types of numbers", "config.json: key layer_types expected a list of strings, got a list with 1") {
            try $0.replace(file, "\"full_attention\"\n", "1\n")
        },
        c(
            "weights of GPTQ", "config.json: unsupported: gptq: quantised weights, as quantization_config says",
            outcome: "unsupported"
        ) {
            try $0.add("\"quantization_config\":{\"quant_method\":\"gptq\"}")
        },
        c(
            "two methods of quantisation",
            "config.json: unsupported: mlx: quantization says so, but quantization_config says gptq",
            outcome: "unsupported"
        ) {
            try $0.add(
                "\"quantization_config\":{\"quant_method\":\"gptq\"},\"quantization\":{\"bits\":4,\"group_size\":64}")
        },
        c(
            "auto_map in config.json", "config.json: key auto_map; nothing of it is ever run here",
            check: .inspection(.remoteCode)
        ) {
            try $0.add("\"auto_map\":{\"AutoModel\":\"modeling.Gemma\"}")
        },
    ]

    private static func c(
        _ name: String, _ finding: String, outcome: String = "failed", check: Check = .inspection(.config),
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, check, outcome, finding, damage)
    }

    /// A key of config.json with another value.
    private static func key(
        _ key: String, _ json: String, _ finding: String, outcome: String = "failed",
        check: Check = .inspection(.config)
    ) -> MalformedArtifact {
        c("\(key) \(json)", finding, outcome: outcome, check: check) { try $0.set(key, json) }
    }

    private static let file = "config.json"
}
