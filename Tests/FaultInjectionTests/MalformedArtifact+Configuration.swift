extension MalformedArtifact {
    static let configurations = [
        Group(fixture: "Models/gemma3-trained", artifacts: wholeFiles + gemma3Keys + generation),
        Group(fixture: "Models/gemma4-trained", artifacts: gemma4),
        Group(fixture: "Models/gemma2", artifacts: gemma2),
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

    private static let wholeFiles = [
        c("no config.json", "config.json is not readable: not among the files of this model") { try $0.remove(file) },
        c("config.json of 0 bytes", "config.json is not valid JSON at byte 0: ends too early") {
            try $0.write(file, [])
        },
        c("config.json that is a list", "config.json: expected an object, got a list of 0") {
            try $0.write(file, "[]")
        },
        c("config.json that is a text", "config.json: expected an object, got \"gemma3\"") {
            try $0.write(file, "\"gemma3\"")
        },
        c("config.json that is YAML", "config.json is not valid JSON at byte 0: expected a value") {
            try $0.write(file, "model_type: gemma3\n")
        },
        c("config.json with a comment", "config.json is not valid JSON at byte 2: expected a string") {
            try $0.replace(file, "{", "{ // tiny\n")
        },
        c("config.json with a comma too many", "config.json is not valid JSON at byte 1220: expected a string") {
            try $0.replace(file, "\n}", ",\n}")
        },
        c("config.json with a byte-order mark", "config.json is not valid JSON at byte 0: expected a value") {
            try $0.write(file, [0xEF, 0xBB, 0xBF] + $0.read(file))
        },
        c("config.json in UTF-16", "config.json is not valid JSON at byte 1: expected a string") {
            try $0.write(file, $0.read(file).flatMap { [$0, 0] })
        },
        c("config.json cut off", "config.json is not valid JSON at byte 300: ends too early") {
            try $0.write(file, Array($0.read(file).prefix(300)))
        },
        c("config.json with a key twice", "config.json is not valid JSON at byte 354: duplicate key hidden_size") {
            try $0.add("\"hidden_size\":32")
        },
        c("config.json nested 70 deep", "config.json is not valid JSON at byte 69: nested deeper than 64") {
            try $0.add("\"a\":" + String(repeating: "[", count: 70) + String(repeating: "]", count: 70))
        },
        c("config.json nested 100,000 deep", "config.json is not valid JSON at byte 69: nested deeper than 64") {
            try $0.add("\"a\":" + String(repeating: "[", count: 100_000))
        },
        c("config.json of 5 MB", "config.json: size in bytes over the limit, expected at most 4194304, got 5001228") {
            try $0.add("\"a\":\"" + String(repeating: "x", count: 5_000_000) + "\"")
        },
        c("config.json that is a pointer", "config.json is not valid JSON at byte 0: expected a value") {
            try $0.write(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        },
        c(
            "config.json with a key that is not known",
            "config.json: key hidden_sizes is not known for gemma3_text and was ignored, as transformers ignores it",
            outcome: "warned"
        ) { try $0.add("\"hidden_sizes\":64") },
    ]

    private static let generation = [
        c(
            "generation_config.json that is no JSON",
            "generation_config.json is not valid JSON at byte 0: expected a value"
        ) { try $0.write("generation_config.json", "eos: 1") },
        c(
            "generation_config.json with a text as end",
            "generation_config.json: key eos_token_id expected a token id or a list of them, got \"<eos>\""
        ) {
            try $0.write("generation_config.json", "{\"eos_token_id\":\"<eos>\"}")
        },
        c(
            "generation_config.json with a negative end",
            "generation_config.json: key eos_token_id expected a token id or a list of them, got a list of 2"
        ) {
            try $0.write("generation_config.json", "{\"eos_token_id\":[1,-9]}")
        },
        c(
            "generation_config.json with an end of 2^63",
            "generation_config.json: key eos_token_id expected a token id or a list of them, got 9.223372036854776e+18"
        ) {
            try $0.write("generation_config.json", "{\"eos_token_id\":9223372036854775808}")
        },
    ]

    private static let gemma4 = [
        key(
            "num_kv_shared_layers", "5",
            "config.json: key num_kv_shared_layers expected a whole number from 0 to 4, got 5"),
        key(
            "num_kv_shared_layers", "-1",
            "config.json: key num_kv_shared_layers expected a whole number from 0 to 4, got -1"),
        key(
            "num_kv_shared_layers", "0",
            "config.json: model.layers.3.self_attn.k_proj.weight of shape [16, 64] is missing, and 5 more like it",
            check: .inspection(.tensorShapes)),
        key(
            "partial_rotary_factor", "2",
            "config.json: key rope_parameters.full_attention.partial_rotary_factor expected a number from 0 to 1, "
                + "got 2.0"
        ),
        key(
            "global_head_dim", "31",
            "config.json: key global_head_dim expected an even number, for rotary pairs, got 31"),
        key(
            "global_head_dim", "64",
            "model.layers.2.self_attn.q_proj.weight in model.safetensors: config.json implies shape [256, 64], got "
                + "[128, 64], and 8 more like it",
            check: .inspection(.tensorShapes)),
        key(
            "hidden_size_per_layer_input", "-8",
            "config.json: key hidden_size_per_layer_input expected a whole number from 0 to 65536, got -8"),
        key(
            "vocab_size_per_layer_input", "100",
            "config.json: key vocab_size_per_layer_input expected a row for each of the 512 tokens, as transformers "
                + "needs, got 100"
        ),
        key(
            "enable_moe_block", "true",
            "config.json: key num_experts expected a number, because enable_moe_block is true, got nothing"),
        key(
            "final_logit_softcapping", "0", "config.json: key final_logit_softcapping expected a number above 0, got 0"),
        key(
            "use_double_wide_mlp", "false",
            "model.layers.3.mlp.gate_proj.weight in model.safetensors: config.json implies shape [96, 64], got "
                + "[192, 64], and 5 more like it",
            check: .inspection(.tensorShapes)),
        key(
            "attention_k_eq_v", "true",
            "model.layers.2.self_attn.v_proj.weight in model.safetensors is not part of a gemma4_text model",
            outcome: "warned", check: .inspection(.tensorShapes)),
    ]

    private static let gemma2 = [
        key("attn_logit_softcapping", "0", "config.json: key attn_logit_softcapping expected a number above 0, got 0"),
        key(
            "final_logit_softcapping", "\"30\"",
            "config.json: key final_logit_softcapping expected a number above 0, got \"30\""),
        key(
            "sliding_window", "-8",
            "config.json: key sliding_window expected a whole number from 1 to 1073741824, got -8"),
    ]
}
