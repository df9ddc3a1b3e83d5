import FixtureModels
import Foundation

extension MalformedArtifact {
    static let adapters = [Group(fixture: "Models/lora-plain", artifacts: loras)]
    static let quantisations = [
        Group(
            fixture: "Models/mlx-affine",
            artifacts: [
                q(
                    "MLX weights of 9 bits",
                    "model.safetensors: unsupported: mlx: model.embed_tokens.weight: mode affine with 9 bits in "
                        + "groups of 64"
                ) { try $0.replaceAll(config, "\"bits\": 6", "\"bits\": 9") },
                c(
                    "MLX weights in groups of 0",
                    "config.json: key quantization_config.group_size expected a whole number from 1 to 4096, got 0"
                ) {
                    try $0.replaceAll(config, "   \"group_size\": 64", "   \"group_size\": 0")
                },
                c(
                    "MLX weights in groups of 7",
                    "model.safetensors, tensor model.embed_tokens.scales: mlx weights expected [512, 9], groups of "
                        + "7, got [512, 1]"
                ) {
                    try $0.replaceAll(config, "   \"group_size\": 64", "   \"group_size\": 7")
                },
                q(
                    "MLX weights in another mode",
                    "model.safetensors: unsupported: mlx: model.embed_tokens.weight: mode \"spiral\", this build "
                        + "computes affine, mxfp4, nvfp4 and mxfp8"
                ) {
                    try $0.replaceAll(config, "   \"group_size\": 64", "   \"mode\": \"spiral\", \"group_size\": 64")
                },
            ]),
        Group(
            fixture: "Models/bnb-nf4",
            artifacts: [
                q(
                    "bitsandbytes weights that are plain",
                    "config.json: unsupported: bitsandbytes: quantised weights, as quantization_config says, but "
                        + "every tensor is stored plainly"
                ) {
                    try $0.write("model.safetensors", plainWeights())
                }
            ]),
        Group(
            fixture: "Models/ct-int4-group",
            artifacts: [
                q(
                    "compressed tensors of 3 bits",
                    "model.safetensors: unsupported: compressed-tensors: "
                        + "model.layers.0.mlp.down_proj.weight_packed: 16 words for 128 columns; this build "
                        + "computes 4 and 8 bits, as config_groups says"
                ) { try $0.replace(config, "\"num_bits\": 4", "\"num_bits\": 3") },
                q(
                    "compressed tensors without groups",
                    "model.safetensors: unsupported: compressed-tensors: "
                        + "model.layers.0.mlp.down_proj.weight_packed: 16 words for 128 columns; this build "
                        + "computes 4 and 8 bits, as config_groups says"
                ) {
                    try $0.replace(config, "\"config_groups\": {", "\"config_groups\": {}, \"x\": {")
                },
            ]),
        Group(
            fixture: "Models/fp8-blocks",
            artifacts: [
                q(
                    "FP8 weights in blocks of 0",
                    "model.safetensors: unsupported: fp8: model.layers.0.mlp.down_proj.weight_scale_inv: blocks of "
                        + "16 by 32, weight_block_size says otherwise"
                ) {
                    try $0.replace(config, "\"weight_block_size\": [", "\"weight_block_size\": [0, 0], \"x\": [")
                },
                c(
                    "FP8 weights without scales",
                    "model.safetensors, tensor model.layers.0.mlp.down_proj.weight: fp8 weights expected "
                        + "model.layers.0.mlp.down_proj.weight_scale_inv beside it, got no such tensor"
                ) {
                    try $0.header { $0.replacing("weight_scale_inv", with: "weight_scale_ivn") }
                },
            ]),
    ]

    private static let config = "config.json"

    private static func plainWeights() throws -> [UInt8] {
        Array(try Data(contentsOf: Fixtures.models.appending(path: "gemma3-trained/model.safetensors")))
    }

    private static func q(
        _ name: String, _ finding: String, _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, .inspection(.tensorShapes), "unsupported", finding, damage)
    }

    private static func c(
        _ name: String, _ finding: String, outcome: String = "failed",
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, .inspection(.safetensorsHeader), outcome, finding, damage)
    }

    private static func key(_ key: String, _ json: String, _ finding: String, outcome: String = "failed")
        -> MalformedArtifact
    {
        c("adapter: \(key) \(json.prefix(60))", finding, outcome: outcome) { folder in
            let text = String(decoding: try folder.read(file), as: UTF8.self)
            // A list takes several lines.
            let changed = try text.replacing(Regex("\"\(key)\": (\\[[^\\]]*\\]|[^\\n]*?)(,?)\\n"), maxReplacements: 1) {
                match in
                "\"\(key)\": \(json)\(match.output[2].substring ?? "")\n"
            }
            try folder.write(file, changed)
        }
    }

    private static let file = "adapter_config.json"

    private static let loras = [
        c("adapter_config.json that is no JSON", "adapter_config.json is not valid JSON at byte 0: expected a value") {
            try $0.write(file, "r: 4")
        },
        c("adapter_config.json that is a list", "adapter_config.json: expected an object, got a list of 0") {
            try $0.write(file, "[]")
        },
        key(
            "peft_type", "\"IA3\"",
            "adapter_config.json: peft_type IA3 is not run by this build: this build applies LORA (LoRA, rsLoRA, DoRA)",
            outcome: "unsupported"),
        key("peft_type", "3", "adapter_config.json: key peft_type expected a string, got 3"),
        key("r", "0", "adapter_config.json: key r expected a whole number from 1 to 65536, got 0"),
        key("r", "-4", "adapter_config.json: key r expected a whole number from 1 to 65536, got -4"),
        key("r", "\"4\"", "adapter_config.json: key r expected a whole number from 1 to 65536, got \"4\""),
        key("r", "1000000", "adapter_config.json: key r expected a whole number from 1 to 65536, got 1000000"),
        key("lora_alpha", "\"8\"", "adapter_config.json: key lora_alpha expected a finite number, got \"8\""),
        key("lora_alpha", "1e300", "adapter_config.json: key lora_alpha expected a finite number, got 1e+300"),
        key(
            "target_modules", "null",
            "adapter_config.json: key target_modules expected names, a pattern or all-linear, got nothing"),
        key(
            "target_modules", "[]",
            "adapter_config.json: key target_modules expected names, a pattern or all-linear, got nothing"),
        key(
            "target_modules", "[7]",
            "adapter_config.json: key target_modules expected a list of strings, got a list with 7"),
        key(
            "target_modules", "\"(a|b\"",
            "adapter_config.json: key target_modules expected a regular expression as Python's re reads it, got "
                + "\"(a|b\", which has a parenthesis that is not closed"
        ),
        key(
            "target_modules", "\"" + String(repeating: "(", count: 5000) + "\"",
            "adapter_config.json: length of a pattern of target_modules over the limit, expected at most 4096, got 5000"
        ),
        key(
            "bias", "\"all\"",
            "adapter_config.json: bias \"all\" is not run by this build: Gemma's linear layers have no bias",
            outcome: "unsupported"),
        key(
            "fan_in_fan_out", "true",
            "adapter_config.json: fan_in_fan_out true is not run by this build: this build computes W + scale B A "
                + "and DoRA alone",
            outcome: "unsupported"),
        key(
            "rank_pattern", "{\"q_proj\": 0}",
            "adapter_config.json: key rank_pattern.q_proj expected a whole number from 1 to 65536, got 0"),
        key(
            "alpha_pattern", "{\"q_proj\": \"x\"}",
            "adapter_config.json: key alpha_pattern.q_proj expected a finite number, got \"x\""),
        key(
            "layers_to_transform", "[-1]",
            "adapter_config.json: key layers_to_transform expected layer numbers, got a list of 1"),
        key("modules_to_save", "3", "adapter_config.json: key modules_to_save expected a list of strings, got 3"),
        key("use_dora", "\"yes\"", "adapter_config.json: key use_dora expected true or false, got \"yes\""),
        key(
            "init_lora_weights", "\"pissa\"",
            "adapter_config.json: init_lora_weights \"pissa\" is not run by this build: its base weights are "
                + "changed too; save it converted to plain LoRA",
            outcome: "unsupported"),
        c(
            "an adapter of another arithmetic",
            "adapter_config.json: key use_warp expected a key that PEFT 0.21 knows, or a value that is off, got true"
        ) { try $0.add("\"use_warp\":true", to: file) },
        c(
            "adapter weights that are missing",
            "adapter_model.safetensors is not readable: not among the files of this adapter"
        ) { try $0.remove("adapter_model.safetensors") },
        c(
            "adapter weights that are a pointer",
            "adapter_model.safetensors holds no weights: expected safetensors, got a git-LFS pointer"
        ) {
            try $0.write(
                "adapter_model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        },
        c(
            "adapter weights as a pickle",
            "adapter_model.bin: a pickle file is not run by this build: it may run code when opened; save it as "
                + "safetensors",
            outcome: "unsupported"
        ) { folder in
            try folder.remove("adapter_model.safetensors")
            try folder.write("adapter_model.bin", [0x80, 0x02, 0x7D, 0x71, 0x00, 0x2E])
        },
        c(
            "an adapter with a stranger's tensor",
            "adapter_model.safetensors, tensor base_model.model.model.layers.0.mlp.down_proj.lora_C.weight: name "
                + "expected a part of LoRA as PEFT saves it, got another"
        ) {
            try $0.header("adapter_model.safetensors") {
                $0.replacing("layers.0.mlp.down_proj.lora_A", with: "layers.0.mlp.down_proj.lora_C")
            }
        },
        c(
            "an adapter with a lora_B missing",
            "adapter_model.safetensors, tensor base_model.model.model.layers.0.mlp.down_proj.lora_E.weight: name "
                + "expected a part of LoRA as PEFT saves it, got another"
        ) {
            try $0.header("adapter_model.safetensors") {
                $0.replacing("layers.0.mlp.down_proj.lora_B", with: "layers.0.mlp.down_proj.lora_E")
            }
        },
    ]
}
