import ModelFormats

extension Fault {
    /// Files that are missing, cut short or mixed up.
    static let files: [Fault] = [
        Fault("file-truncated", "the last third of the weights missing") { copy in
            let name = try copy.weightName(), bytes = try copy.read(name)
            try copy.write(name, Array(bytes.prefix(bytes.count * 2 / 3)))
        },
        Fault("file-truncated-patched", "the last third missing, and a header that leaves those tensors out") { copy in
            copy.changeWeights { files in
                for index in files.indices {
                    files[index].tensors.removeLast(files[index].tensors.count / 3)
                }
            }
        },
        Fault("file-zero-filled", "the last third of the weights read as zeros, the header whole") { copy in
            let name = try copy.weightName()
            var bytes = try copy.read(name)
            let start = bytes.count * 2 / 3
            bytes.replaceSubrange(start..., with: [UInt8](repeating: 0, count: bytes.count - start))
            try copy.write(name, bytes)
        },
        Fault("file-page-lost", "4 KiB in the middle of the weights read as zeros") { copy in
            let name = try copy.weightName()
            var bytes = try copy.read(name)
            let start = bytes.count / 2
            guard bytes.count > start + 4096 else { throw Inapplicable(description: "the file is too small") }
            bytes.replaceSubrange(start..<(start + 4096), with: [UInt8](repeating: 0, count: 4096))
            try copy.write(name, bytes)
        },
        Fault("file-head-zeroed", "8 zero bytes at the front") { copy in
            let name = try copy.weightName(), bytes = try copy.read(name)
            try copy.write(name, [UInt8](repeating: 0, count: 8) + bytes.dropFirst(8))
        },
        Fault("file-is-pointer", "a git-lfs pointer in the place of the weights") { copy in
            let text =
                "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "0", count: 64))\nsize 1\n"
            try copy.write(copy.weightName(), Array(text.utf8))
        },
        Fault("shard-missing", "the second of two shards missing") { copy in
            try copy.shard()
            copy.changeWeights { $0.removeLast() }
        },
        Fault("shard-misnamed", "an index that names the wrong shard for one tensor") { copy in
            try copy.shard { index, name, file in
                if name == index.keys.sorted().first { "model-00002-of-00002.safetensors" } else { file }
            }
        },
        Fault("shards-exchanged", "the two shards under each other's name") { copy in
            try copy.shard()
            copy.changeWeights { files in
                let (first, second) = (files[0].tensors, files[1].tensors)
                files[0].tensors = second
                files[1].tensors = first
            }
        },
        Fault("tensor-missing", "layer 1's v_proj missing") { copy in
            let name = try copy.name(.value, 1)
            copy.changeWeights { files in
                for index in files.indices { files[index].tensors.removeAll { $0.name == name } }
            }
        },
        Fault("tensor-extra", "a tensor that no Gemma has") { copy in
            var extra = try copy.tensor(copy.name(.inputNorm, 1))
            extra.name = copy.isGGUF ? "blk.1.attn_extra.weight" : "model.layers.1.self_attn.extra.weight"
            copy.changeWeights { $0[0].tensors.append(extra) }
        },
        Fault("names-swapped", "layer 1's k_proj and v_proj under each other's name") { copy in
            let key = try copy.name(.key, 1), value = try copy.name(.value, 1)
            copy.changeWeights { files in
                for file in files.indices {
                    for index in files[file].tensors.indices {
                        let name = files[file].tensors[index].name
                        files[file].tensors[index].name = name == key ? value : name == value ? key : name
                    }
                }
            }
        },
    ]
}

extension CheckpointCopy {
    fileprivate func weightName() throws -> String {
        guard let file = weights.first else { throw Fault.Inapplicable(description: "there are no weights") }
        return file.name
    }

    /// Makes two shards and an index out of one safetensors file. `naming` may name another file for a tensor.
    fileprivate func shard(
        naming: ([String: String], String, String) -> String = { $2 }
    ) throws {
        guard !isGGUF, weights.count == 1, let whole = weights.first, whole.tensors.count > 1 else {
            throw Fault.Inapplicable(description: "the weights are not one safetensors file")
        }
        let half = whole.tensors.count / 2
        let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
        let parts = [Array(whole.tensors[..<half]), Array(whole.tensors[half...])]
        changeWeights { $0 = zip(names, parts).map { WeightFile(safetensors: $0, $1) } }
        try remove(whole.name)
        var map: [String: String] = [:]
        for (name, part) in zip(names, parts) { for tensor in part { map[tensor.name] = name } }
        let index = JSONValue.object(
            JSONObject([
                (
                    "metadata",
                    .object(JSONObject([("total_size", .integer(whole.tensors.reduce(0) { $0 + $1.bytes.count }))]))
                ),
                (
                    "weight_map",
                    .object(
                        JSONObject(
                            map.sorted { $0.key < $1.key }.map { ($0.key, .string(naming(map, $0.key, $0.value))) }))
                ),
            ]))
        try write("model.safetensors.index.json", Array(index.text.utf8))
    }
}
