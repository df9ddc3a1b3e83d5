import ModelFormats

/// What a configuration says of one encoder's stack of layers.
struct TowerOutline {
    let kind: String
    let layerCount: Int?
    let width: Int?
    /// What the names of its layers' tensors hold before the layer's number.
    let stacks: [String]

    static func all(in source: ModelSource) throws -> [TowerOutline] {
        switch source {
        case .gguf(let checkpoint):
            let towers = [("vision", "v.blk."), ("audio", "a.blk.")].compactMap { kind, stack -> TowerOutline? in
                guard let count = checkpoint.metadata.integer("clip.\(kind).block_count") else { return nil }
                return TowerOutline(
                    kind: "clip \(kind)", layerCount: count,
                    width: checkpoint.metadata.integer("clip.\(kind).embedding_length"), stacks: [stack])
            }
            return towers.isEmpty ? [TowerOutline(kind: "clip", layerCount: nil, width: nil, stacks: [])] : towers
        case .safetensors(let files):
            guard let config = try files.json(GemmaConfiguration.path)?.object,
                let type = config["model_type"]?.string
            else {
                throw ModelFormatError.configuration(
                    file: GemmaConfiguration.path, key: "model_type", expected: "an encoder's", got: "nothing")
            }
            let own = config["vision_config"]?.object ?? config
            func integer(_ key: String) -> Int? { if case .integer(let number)? = own[key] { number } else { nil } }
            return [
                TowerOutline(
                    kind: printable(type),
                    layerCount: integer("num_hidden_layers") ?? integer("conf_num_hidden_layers"),
                    width: integer("hidden_size"), stacks: ["layers.", "conformer."])
            ]
        }
    }

    /// What is wrong with the layers; nil where they are sound or nothing is stated.
    func fault(in tensors: ModelTensors) -> String? {
        guard let layerCount else { return nil }
        guard (1...4096).contains(layerCount) else { return "the configuration says \(layerCount) layers" }
        var best: String?
        for (stack, layers) in found(in: tensors).sorted(by: { $0.key < $1.key }) {
            guard let fault = fault(in: layers, of: stack, count: layerCount) else { return nil }
            best = best ?? fault
        }
        return best ?? "there are no layers among its tensors, the configuration says \(layerCount)"
    }

    private typealias Layers = [Int: [String: [Int]]]

    /// Shapes by stack, layer and the rest of the name.
    private func found(in tensors: ModelTensors) -> [String: Layers] {
        var found: [String: Layers] = [:]
        for (tensor, _) in tensors.tensors {
            for stack in stacks {
                guard let start = tensor.name.firstRange(of: stack) else { continue }
                let rest = tensor.name[start.upperBound...].split(separator: ".", maxSplits: 1)
                guard rest.count == 2, let index = Int(rest[0]), index >= 0 else { continue }
                let name = String(tensor.name[..<start.upperBound])
                found[name, default: [:]][index, default: [:]][String(rest[1])] = tensor.shape
                break
            }
        }
        return found
    }

    private func fault(in layers: Layers, of stack: String, count: Int) -> String? {
        if let missing = (0..<count).first(where: { layers[$0] == nil }) {
            return "layer \(printable(stack))\(missing) is missing, the configuration says \(count)"
        }
        if let extra = layers.keys.max(), extra >= count {
            return "there is a layer \(printable(stack))\(extra), the configuration says \(count)"
        }
        let first = layers[0] ?? [:]
        for index in 1..<max(2, count) {
            for (name, shape) in (layers[index] ?? first).sorted(by: { $0.key < $1.key }) where first[name] != shape {
                return "\(printable(stack + "\(index)." + name)) has the shape \(shape), layer 0 has "
                    + (first[name].map { "\($0)" } ?? "no such tensor")
            }
            if let lost = first.keys.sorted().first(where: { layers[index] != nil && layers[index]?[$0] == nil }) {
                return "\(printable(stack + "\(index)." + lost)) is missing"
            }
        }
        if let width, !first.values.contains(where: { $0.contains(width) }) {
            return "no tensor of \(printable(stack))0 has the width \(width) that the configuration says"
        }
        return nil
    }
}
