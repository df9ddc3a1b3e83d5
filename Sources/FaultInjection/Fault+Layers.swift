import ModelFormats

extension Fault {
    /// Whole layers, and matrices that stand in each other's place.
    static let layers: [Fault] = [
        Fault("layers-swapped", "layers 0 and 1 exchanged") { try swapLayers($0, 0, 1) },
        Fault("late-layers-swapped", "layers 1 and 3 exchanged") { try swapLayers($0, 1, 3) },
        Fault("layer-repeated", "layer 2's place taken by a copy of layer 1") { copy in
            for name in copy.tensorNames where copy.layer(of: name) == 1 {
                let source = try copy.tensor(name)
                guard let other = counterpart(of: name, in: copy, 2), let target = try? copy.tensor(other),
                    target.shape == source.shape, target.element == source.element
                else { continue }
                try copy.change(other) { $0.bytes = source.bytes }
            }
        },
        Fault("layer-zeroed", "every matrix of layer 2 zero") { copy in
            for name in copy.tensorNames where copy.layer(of: name) == 2 {
                guard try copy.tensor(name).shape.count == 2 else { continue }
                try copy.change(name) { $0.bytes = [UInt8](repeating: 0, count: $0.bytes.count) }
            }
        },
        Fault("matrix-duplicated", "layer 2's down_proj a copy of layer 1's, byte for byte") { copy in
            let source = try copy.tensor(copy.name(.down, 1)), name = try copy.name(.down, 2)
            guard try copy.tensor(name).shape == source.shape else {
                throw Inapplicable(description: "\(name) has another shape")
            }
            try copy.change(name) { $0.bytes = source.bytes }
        },
        Fault("gate-up-swapped", "gate_proj and up_proj exchanged in every layer") { copy in
            for layer in 0..<copy.layerCount { try copy.swap(copy.name(.gate, layer), copy.name(.up, layer)) }
        },
        Fault("gate-up-swapped-once", "gate_proj and up_proj exchanged in layer 1") { copy in
            try copy.swap(copy.name(.gate, 1), copy.name(.up, 1))
        },
        Fault("query-key-swapped", "q_proj and k_proj exchanged in layer 1") { copy in
            try copy.swap(copy.name(.query, 1), copy.name(.key, 1))
        },
        Fault("key-value-swapped", "k_proj and v_proj exchanged in layer 1") { copy in
            try copy.swap(copy.name(.key, 1), copy.name(.value, 1))
        },
        Fault("heads-interleaved", "q_proj's rows in the order of another head split, in every layer") { copy in
            for layer in 0..<copy.layerCount {
                guard let name = try? copy.name(.query, layer), let norm = try? copy.name(.queryNorm, layer) else {
                    continue
                }
                let size = try copy.tensor(norm).shape.first ?? 1
                try copy.change(name) { tensor in
                    let rows = tensor.rows, heads = rows.count / max(1, size)
                    guard heads > 1 else { throw Inapplicable(description: "there is one head") }
                    tensor.rows = (0..<rows.count).map { rows[$0 % heads * size + $0 / heads] }
                }
            }
        },
        Fault("heads-swapped", "heads 0 and 1 of layer 1's q_proj exchanged, o_proj as it was") { copy in
            let size = try copy.tensor(copy.name(.queryNorm, 1)).shape.first ?? 1
            try copy.change(copy.name(.query, 1)) { tensor in
                let rows = tensor.rows
                guard rows.count >= 2 * size else { throw Inapplicable(description: "there is one head") }
                tensor.rows = Array(rows[size..<(2 * size)] + rows[..<size] + rows[(2 * size)...])
            }
        },
        Fault("rotary-pairs-interleaved", "q_proj and k_proj rows as for interleaved rotary pairs, in every layer") {
            copy in
            for layer in 0..<copy.layerCount {
                for (role, norm) in [(TensorRole.query, TensorRole.queryNorm), (.key, .keyNorm)] {
                    guard let name = try? copy.name(role, layer), let norm = try? copy.name(norm, layer) else {
                        continue
                    }
                    let size = try copy.tensor(norm).shape.first ?? 2
                    try copy.change(name) { tensor in
                        let rows = tensor.rows
                        tensor.rows = rows.indices.map { index in
                            let head = index / size * size, place = index % size
                            return rows[head + (place % 2) * (size / 2) + place / 2]
                        }
                    }
                }
            }
        },
    ]

    /// What a tensor of one layer is called in another.
    private static func counterpart(of name: String, in copy: CheckpointCopy, _ layer: Int) -> String? {
        guard let own = copy.layer(of: name) else { return nil }
        let prefix = copy.isGGUF ? "blk." : "layers."
        let other = name.replacing(prefix + "\(own).", with: prefix + "\(layer).", maxReplacements: 1)
        return copy.has(other) ? other : nil
    }

    private static func swapLayers(_ copy: CheckpointCopy, _ first: Int, _ second: Int) throws {
        var count = 0
        for name in copy.tensorNames where copy.layer(of: name) == first {
            guard let other = counterpart(of: name, in: copy, second) else { continue }
            do {
                try copy.swap(name, other)
                count += 1
            } catch is Inapplicable {
                continue
            }
        }
        guard count > 0 else { throw Inapplicable(description: "layers \(first) and \(second) have nothing in common") }
    }
}
