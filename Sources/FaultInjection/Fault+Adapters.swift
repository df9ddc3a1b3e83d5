import ModelFormats

extension Fault {
    /// Low-rank updates: merged into the weights they were made for, or beside them as an adapter.
    static let adapters: [Fault] = [
        Fault("adapter-merged-twice", "an adapter merged into its base twice") { try merge($0, $1) { $0.times(2) } },
        Fault("adapter-merged-strong", "an adapter merged with ten times its alpha") {
            try merge($0, $1) { $0.times(10) }
        },
        Fault("adapter-merged-transposed", "an adapter's A and B merged the wrong way round") { copy, materials in
            try merge(copy, materials) { $0.transposed }
        },
        Fault("alpha-tenfold", "lora_alpha ten times as large") { copy in
            try copy.edit("adapter_config.json") { value in
                value[path: "lora_alpha"] = .number(10 * (value[path: "lora_alpha"]?.real ?? 1))
            }
        },
        Fault("rank-wrong", "r twice what the matrices have") { copy in
            try copy.edit("adapter_config.json") { $0[path: "r"] = .integer(2 * ($0[path: "r"]?.integer ?? 1)) }
        },
        Fault("a-b-swapped", "lora_A and lora_B under each other's name") { copy in
            guard copy.exists("adapter_config.json") else { throw Inapplicable(description: "it is no adapter") }
            copy.changeWeights { files in
                for file in files.indices {
                    for index in files[file].tensors.indices {
                        let name = files[file].tensors[index].name
                        files[file].tensors[index].name =
                            name.contains("lora_A")
                            ? name.replacing("lora_A", with: "lora_B") : name.replacing("lora_B", with: "lora_A")
                    }
                }
            }
        },
        Fault("adapter-untrained", "every lora_B zero") { copy in
            let names = copy.tensorNames.filter { $0.contains("lora_B") }
            guard !names.isEmpty else { throw Inapplicable(description: "it is no adapter") }
            for name in names {
                try copy.change(name) { $0.bytes = [UInt8](repeating: 0, count: $0.bytes.count) }
            }
        },
        Fault("adapter-nan", "one NaN in a lora_A") { copy in
            guard let name = copy.tensorNames.first(where: { $0.contains("lora_A") }) else {
                throw Inapplicable(description: "it is no adapter")
            }
            try copy.changeNumbers(name) { $0[0] = .nan }
        },
        Fault("adapter-other-layers", "the adapter's layers 0 and 1 exchanged") { copy in
            guard copy.exists("adapter_config.json") else { throw Inapplicable(description: "it is no adapter") }
            for name in copy.tensorNames where name.contains(".layers.0.") {
                let other = name.replacing(".layers.0.", with: ".layers.1.")
                if copy.has(other) { try copy.swap(name, other) }
            }
        },
        Fault("adapter-module-unknown", "target_modules that the base does not have") { copy in
            try copy.edit("adapter_config.json") { $0[path: "target_modules"] = .array([.string("c_attn")]) }
        },
    ]

    /// What an adapter adds to one matrix, rows first.
    private struct Update {
        var values: [Float]
        let rows: Int
        let columns: Int

        func times(_ factor: Float) -> [Float] { values.map { factor * $0 } }

        /// Read as if the matrix were stored the other way round.
        var transposed: [Float] {
            (0..<(rows * columns)).map { index in values[index % rows * columns + index / rows] }
        }
    }

    /// Adds B·A·alpha/r of an adapter's plain LoRA modules, changed by `change`, to the matrices they belong to.
    private static func merge(
        _ copy: CheckpointCopy, _ materials: Materials, _ change: (Update) -> [Float]
    ) throws {
        guard let path = materials.adapter, !copy.exists("adapter_config.json"), !copy.isGGUF else {
            throw Inapplicable(description: "there is no adapter of it here")
        }
        let adapter = try CheckpointCopy(of: path)
        let config = try JSONValue(parsing: adapter.read("adapter_config.json"), file: "adapter_config.json")
        guard config[path: "use_dora"] != .boolean(true) else {
            throw Inapplicable(description: "the adapter is more than low-rank")
        }
        var count = 0
        for first in adapter.tensorNames where first.hasSuffix(".lora_A.weight") {
            let stem = first.dropLast(".lora_A.weight".count)
            let a = try adapter.tensor(first), b = try adapter.tensor(stem + ".lora_B.weight")
            guard let name = copy.tensorNames.first(where: { stem.hasSuffix($0.dropLast(".weight".count)) }),
                a.shape.count == 2, b.shape.count == 2, a.shape[0] == b.shape[1]
            else { continue }
            let rank = a.shape[0], columns = a.shape[1], rows = b.shape[0]
            guard try copy.tensor(name).shape == [rows, columns] else {
                throw Inapplicable(description: "the adapter belongs to matrices of another shape")
            }
            let scale = Float(config[path: "lora_alpha"]?.real ?? 1) / Float(rank)
            let (left, right) = (try b.numbers, try a.numbers)
            var values = [Float](repeating: 0, count: rows * columns)
            for row in 0..<rows {
                for column in 0..<columns {
                    var sum: Float = 0
                    for inner in 0..<rank { sum += left[row * rank + inner] * right[inner * columns + column] }
                    values[row * columns + column] = sum * scale
                }
            }
            let changed = change(Update(values: values, rows: rows, columns: columns))
            try copy.changeNumbers(name) { numbers in
                for index in numbers.indices { numbers[index] += changed[index] }
            }
            count += 1
        }
        guard count > 0 else { throw Inapplicable(description: "the adapter has no plain LoRA module of it") }
    }
}
