import ModelFormats

extension Fault {
    /// Norm weights: Gemma 1 to 3 store w and compute 1 + w, Gemma 4 and GGUF store the factor itself.
    static let norms: [Fault] = [
        Fault("norms-plus-one", "1 added to every norm weight: the convention applied twice") { try add(1, $0) },
        Fault("norms-minus-one", "1 taken from every norm weight: the convention lost") { try add(-1, $0) },
        Fault("norm-plus-one", "1 added to layer 1's input norm") { copy in
            try copy.changeNumbers(copy.name(.inputNorm, 1)) { $0 = $0.map { $0 + 1 } }
        },
        Fault("norms-reset", "every norm weight as before training") { copy in
            let reset: Float = copy.storesFactors ? 1 : 0
            for name in copy.normNames { try copy.changeNumbers(name) { $0 = $0.map { _ in reset } } }
        },
        Fault("query-key-norms-reset", "the norms of queries and keys as before training") { copy in
            let reset: Float = copy.storesFactors ? 1 : 0
            let names = copy.normNames.filter { $0.contains("q_norm") || $0.contains("k_norm") }
            guard !names.isEmpty else { throw Inapplicable(description: "there are no norms of queries and keys") }
            for name in names { try copy.changeNumbers(name) { $0 = $0.map { _ in reset } } }
        },
        Fault("norms-swapped", "the norms before and after attention exchanged in every layer") { copy in
            for layer in 0..<copy.layerCount {
                try copy.swap(copy.name(.inputNorm, layer), copy.name(.postAttentionNorm, layer))
            }
        },
        Fault("final-norm-doubled", "the final norm's factor twice as large") { copy in
            let offset: Float = copy.storesFactors ? 0 : 1
            try copy.changeNumbers(copy.name(.finalNorm)) { $0 = $0.map { 2 * ($0 + offset) - offset } }
        },
        Fault("layer-scalars-reset", "Gemma 4's layer_scalar 0.5 in every layer") { copy in
            let names = copy.tensorNames.filter {
                $0.hasSuffix("layer_scalar") || $0.hasSuffix("layer_output_scale.weight")
            }
            guard !names.isEmpty else { throw Inapplicable(description: "there is no layer_scalar") }
            for name in names { try copy.changeNumbers(name) { $0 = $0.map { _ in 0.5 } } }
        },
        Fault("per-layer-embeddings-zeroed", "the table of per-layer embeddings zero") { copy in
            let name = copy.tensorNames.first {
                $0.hasSuffix("embed_tokens_per_layer.weight") || $0 == "per_layer_token_embd.weight"
            }
            guard let name else { throw Inapplicable(description: "there are no per-layer embeddings") }
            try copy.change(name) { $0.bytes = [UInt8](repeating: 0, count: $0.bytes.count) }
        },
        Fault("per-layer-projection-zeroed", "the projection of per-layer inputs in layer 1 zero") { copy in
            let name = copy.tensorNames.first { name in
                copy.layer(of: name) == 1
                    && (name.hasSuffix("per_layer_projection.weight") || name.hasSuffix(".proj.weight"))
            }
            guard let name else { throw Inapplicable(description: "there are no per-layer inputs") }
            try copy.change(name) { $0.bytes = [UInt8](repeating: 0, count: $0.bytes.count) }
        },
        Fault("router-zeroed", "the experts' router in layer 1 zero") { copy in
            let name = copy.tensorNames.first { name in
                copy.layer(of: name) == 1
                    && (name.hasSuffix("router.proj.weight") || name.hasSuffix("ffn_gate_inp.weight"))
            }
            guard let name else { throw Inapplicable(description: "there are no experts") }
            try copy.change(name) { $0.bytes = [UInt8](repeating: 0, count: $0.bytes.count) }
        },
    ]

    private static func add(_ value: Float, _ copy: CheckpointCopy) throws {
        for name in copy.normNames { try copy.changeNumbers(name) { $0 = $0.map { $0 + value } } }
    }

    /// The embedding and the head.
    static let vocabulary: [Fault] = [
        Fault("rows-swapped", "the embedding rows of the two commonest kinds of token exchanged") { copy in
            try copy.change(copy.name(.embedding)) { tensor in
                var rows = tensor.rows
                // Past the special and byte pieces: early merges, the commonest ones.
                let first = min(rows.count * 55 / 100, rows.count - 2)
                guard first >= 0 else { throw Inapplicable(description: "there are fewer than 2 rows") }
                rows.swapAt(first, first + 1)
                tensor.rows = rows
            }
        },
        Fault("rows-shifted", "every row of the embedding one further, as with one token more in the vocabulary") {
            copy in
            try copy.change(copy.name(.embedding)) { tensor in
                let rows = tensor.rows
                guard let last = rows.last else { throw Inapplicable(description: "the embedding is empty") }
                tensor.rows = [last] + rows.dropLast()
            }
        },
        Fault("embedding-scaled", "the embedding already times sqrt(hidden)") { copy in
            let name = try copy.name(.embedding), factor = Float(try copy.tensor(name).shape.last ?? 1).squareRoot()
            try copy.changeNumbers(name) { $0 = $0.map { $0 * factor } }
        },
        Fault("embedding-unscaled", "the embedding divided by sqrt(hidden), as where the scale is left out") { copy in
            let name = try copy.name(.embedding), factor = Float(try copy.tensor(name).shape.last ?? 1).squareRoot()
            try copy.changeNumbers(name) { $0 = $0.map { $0 / factor } }
        },
        Fault("embedding-rows-zeroed", "a tenth of the embedding's rows zero") { copy in
            try copy.change(copy.name(.embedding)) { tensor in
                var rows = tensor.rows
                for index in stride(from: 0, to: rows.count, by: 10) {
                    rows[index] = [UInt8](repeating: 0, count: rows[index].count)
                }
                tensor.rows = rows
            }
        },
        Fault("head-missing", "tie_word_embeddings false, and no head") { copy in
            try copy.configure { config, _ in config[path: "tie_word_embeddings"] = .boolean(false) }
        },
        Fault("head-extra", "a head of zeros beside a tied embedding") { copy in
            var head = try copy.tensor(copy.name(.embedding))
            head.name = copy.isGGUF ? "output.weight" : "lm_head.weight"
            guard !copy.has(head.name) else { throw Inapplicable(description: "there is a head") }
            head.bytes = [UInt8](repeating: 0, count: head.bytes.count)
            copy.changeWeights { $0[0].tensors.append(head) }
        },
        Fault("head-untied", "an untied head with its rows one further") { copy in
            var head = try copy.tensor(copy.name(.embedding))
            head.name = copy.isGGUF ? "output.weight" : "lm_head.weight"
            guard !copy.has(head.name) else { throw Inapplicable(description: "there is a head") }
            let rows = head.rows
            head.rows = Array(rows.dropFirst() + rows.prefix(1))
            copy.changeWeights { $0[0].tensors.append(head) }
            if !copy.isGGUF {
                try copy.configure { config, _ in config[path: "tie_word_embeddings"] = .boolean(false) }
            }
        },
    ]
}

extension CheckpointCopy {
    /// Whether norms are stored as the factor itself: so in GGUF, and since Gemma 4.
    var storesFactors: Bool {
        guard !isGGUF, let config = try? JSONValue(parsing: read("config.json"), file: "config.json") else {
            return true
        }
        let type = config[path: "model_type"]?.string ?? ""
        return type.hasPrefix("gemma4") || type.hasPrefix("gemma3n")
    }
}
