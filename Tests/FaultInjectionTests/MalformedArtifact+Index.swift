import Foundation

extension MalformedArtifact {
    static let indices = [
        Group(fixture: "Models/gemma3-sharded", artifacts: index),
        Group(
            fixture: "Models/gemma3-trained",
            artifacts: [
                c(
                    "an index beside one file",
                    "model.safetensors.index.json lies beside model.safetensors, which loaders prefer",
                    outcome: "warned"
                ) {
                    try $0.write(file, "{\"weight_map\":{\"model.norm.weight\":\"model.safetensors\"}}")
                }
            ]),
    ]

    private static func c(
        _ name: String, _ finding: String, outcome: String = "failed", check: Check = .inspection(.shardIndex),
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact(name, check, outcome, finding, damage)
    }

    private static let file = "model.safetensors.index.json"
    private static let shard = "model-00003-of-00005.safetensors"

    private static let index = [
        c("an index that is empty", "model.safetensors.index.json is not valid JSON at byte 0: ends too early") {
            try $0.write(file, [])
        },
        c("an index that is no JSON", "model.safetensors.index.json is not valid JSON at byte 0: expected a value") {
            try $0.write(file, "weight_map: {}")
        },
        c("an index that is a list", "model.safetensors.index.json: index expected an object, got array") {
            try $0.write(file, "[]")
        },
        c("an index without a map", "model.safetensors.index.json: weight_map expected at least one tensor, got none") {
            try $0.write(file, "{\"metadata\":{}}")
        },
        c(
            "an index with an empty map",
            "model.safetensors.index.json: weight_map expected at least one tensor, got none"
        ) { try $0.write(file, "{\"weight_map\":{}}") },
        c("an index whose map is a list", "model.safetensors.index.json: weight_map expected an object, got array") {
            try $0.write(file, "{\"weight_map\":[]}")
        },
        c("an index whose map holds a number", "model.safetensors.index.json: a expected a file name, got number") {
            try $0.write(file, "{\"weight_map\":{\"a\":1}}")
        },
        c("an index with a tensor twice", "model.safetensors.index.json is not valid JSON at byte 54: duplicate key a")
        {
            try $0.write(file, "{\"weight_map\":{\"a\":\"\(shard)\",\"a\":\"\(shard)\"}}")
        },
        c(
            "an index that leaves the folder",
            "model.safetensors.index.json: weight_map expected files of this repository, got \"../secret.safetensors\""
        ) {
            try $0.write(file, "{\"weight_map\":{\"a\":\"../secret.safetensors\"}}")
        },
        c(
            "an index with an absolute path",
            "model.safetensors.index.json: weight_map expected files of this repository, got \"/etc/passwd\""
        ) { try $0.write(file, "{\"weight_map\":{\"a\":\"/etc/passwd\"}}") },
        c(
            "an index that names a pickle",
            "model.safetensors.index.json: weight_map expected files of this repository, got \"pytorch_model.bin\""
        ) { try $0.write(file, "{\"weight_map\":{\"a\":\"pytorch_model.bin\"}}") },
        c(
            "an index that names an empty file",
            "model.safetensors.index.json: weight_map expected files of this repository, got \"\""
        ) { try $0.write(file, "{\"weight_map\":{\"a\":\"\"}}") },
        c(
            "a shard that is missing",
            "model.safetensors.index.json: weight_map expected files of this repository, got "
                + "\"model-00003-of-00005.safetensors\""
        ) { try $0.remove(shard) },
        c(
            "a shard that is cut short",
            "model-00003-of-00005.safetensors, tensor model.layers.3.self_attn.v_proj.weight: data_offsets expected "
                + "begin <= end <= 135964, what the file holds, got [132992, 136064]",
            check: .inspection(.safetensorsHeader)
        ) { folder in
            let bytes = try folder.read(shard)
            try folder.write(shard, Array(bytes.prefix(bytes.count - 100)))
        },
        c(
            "a shard that is a pointer",
            "model-00003-of-00005.safetensors holds no weights: expected safetensors, got a git-LFS pointer",
            check: .inspection(.safetensorsHeader)
        ) {
            try $0.write(shard, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        },
        c(
            "two shards under each other's name",
            "model.safetensors.index.json: model.layers.0.input_layernorm.weight expected to be in "
                + "model-00002-of-00005.safetensors, got model-00003-of-00005.safetensors"
        ) { folder in
            let other = "model-00002-of-00005.safetensors", bytes = try folder.read(other)
            try folder.write(other, folder.read(shard))
            try folder.write(shard, bytes)
        },
        c(
            "a tensor that the index does not list",
            "model.safetensors.index.json: a expected to be in model-00003-of-00005.safetensors, got no such tensor"
        ) { folder in
            try folder.replace(
                file, "\"model.norm.weight\": \"model-00005-of-00005.safetensors\"", "\"a\": \"\(shard)\"")
        },
        c(
            "a tensor in two shards",
            "model-00004-of-00005.safetensors: model.layers.2.input_layernorm.weight expected to be in one weight "
                + "file, got also in model-00003-of-00005.safetensors"
        ) { folder in
            try folder.write("model-00004-of-00005.safetensors", folder.read(shard))
        },
        c(
            "a wrong total size",
            "model.safetensors.index.json: total_size expected 619584, the sum of all tensors, got 1619584"
        ) { try $0.replace(file, "\"total_size\": ", "\"total_size\": 1") },
        c("a negative total size", "model.safetensors.index.json: total_size expected a whole number, got -619584") {
            try $0.replace(file, "\"total_size\": ", "\"total_size\": -")
        },
        c("a total size that is a text", "model.safetensors.index.json: total_size expected a whole number, got \"x\"")
        {
            try $0.replace(file, "\"total_size\": ", "\"total_size\": \"x\", \"y\": ")
        },
    ]
}
