extension Gemma4Configuration {
    /// Every layer's shape, from the keys that give it: kinds, heads of full layers, shared keys and values.
    static func layers(_ text: inout ConfigurationReader, queryHeads: Int) throws -> [Layer] {
        let kinds = try kinds(&text)
        let heads = try heads(&text, kinds: kinds)
        for (_, shape) in heads { try text.checkHeads(queries: queryHeads, keyValues: shape.keyValueHeads) }
        let intermediateSize = try text.integer("intermediate_size", in: 1...(1 << 20)) ?? 9216
        let valuesAreKeys = try text.boolean("attention_k_eq_v") ?? false
        let doublesShared = try text.boolean("use_double_wide_mlp") ?? false
        let shared = try text.integer("num_kv_shared_layers", in: 0...(kinds.count - 1)) ?? 0
        let own = kinds.dropLast(shared)
        return try kinds.enumerated().map { index, kind in
            let isShared = index >= own.count
            guard let source = isShared ? own.lastIndex(of: kind) : index else {
                throw text.fault(
                    "num_kv_shared_layers", expected: "layers of the kind \(kind.rawValue) before the shared ones",
                    got: "\(shared)")
            }
            return Layer(
                kind: kind, keyValueHeads: heads[kind]?.keyValueHeads ?? 1,
                headDimension: heads[kind]?.headDimension ?? 2,
                intermediateSize: isShared && doublesShared ? 2 * intermediateSize : intermediateSize,
                keyValueSource: source, valuesAreKeys: valuesAreKeys && kind == .full)
        }
    }

    /// `layer_types`, else every sixth full. The last layer is full whatever they say, as the class forces it.
    private static func kinds(_ text: inout ConfigurationReader) throws -> [AttentionKind] {
        let count = try text.integer("num_hidden_layers", in: 1...1024) ?? 30
        let names = try text.strings("layer_types", nullable: true)
        var kinds: [AttentionKind] =
            if let names {
                try text.attentionKinds(names, count: count)
            } else {
                (1...count).map { $0 % 6 == 0 ? .full : .sliding }
            }
        kinds[count - 1] = .full
        return kinds
    }

    private typealias Heads = (keyValueHeads: Int, headDimension: Int)
    private static let keyValueHeadBounds = 1...4096
    private static let headDimensionBounds = 2...4096

    /// The heads of each kind that occurs. Either `per_layer_config` says how layers differ from the rest (transformers
    /// 5.23 saves it, and null or {} there mean that none does), or `global_head_dim` and, with `attention_k_eq_v`,
    /// `num_global_key_value_heads` say it for full layers (the published repositories).
    private static func heads(
        _ text: inout ConfigurationReader, kinds: [AttentionKind]
    ) throws -> [AttentionKind: Heads] {
        let common = Heads(
            try text.integer("num_key_value_heads", in: keyValueHeadBounds) ?? 4,
            try text.integer("head_dim", in: headDimensionBounds) ?? 256)
        let fullDimension = try text.integer("global_head_dim", in: headDimensionBounds) ?? 512
        let fullKeyValueHeads = try text.integer(
            "num_global_key_value_heads", in: keyValueHeadBounds, nullable: true)
        var heads: [AttentionKind: Heads] = [:]
        if text.object["per_layer_config"] == nil {
            let isOverridden = try text.boolean("attention_k_eq_v") ?? false
            heads = [
                .sliding: common,
                .full: Heads(
                    isOverridden ? fullKeyValueHeads ?? common.keyValueHeads : common.keyValueHeads, fullDimension),
            ]
        } else {
            let layers = try perLayer(&text, common: common, count: kinds.count)
            for (kind, shape) in zip(kinds, layers) {
                if let first = heads[kind], first != shape {
                    throw text.fault(
                        "per_layer_config",
                        expected: "the same heads in all \(kind.rawValue) layers, as transformers needs",
                        got: "different ones")
                }
                heads[kind] = shape
            }
        }
        for (kind, shape) in heads where kinds.contains(kind) && shape.headDimension % 2 != 0 {
            throw text.fault(
                kind == .full ? "global_head_dim" : "head_dim", expected: "an even number, for rotary pairs",
                got: "\(shape.headDimension)")
        }
        return heads.filter { kinds.contains($0.key) }
    }

    /// `per_layer_config`: an object from layer numbers (5.23 pads them with zeros) to what differs there.
    private static func perLayer(
        _ text: inout ConfigurationReader, common: Heads, count: Int
    ) throws -> [Heads] {
        var layers = [Heads](repeating: common, count: count), seen: Set<Int> = []
        for (key, value) in try text.object("per_layer_config", nullable: true)?.members ?? [] {
            let isNumber = !key.utf8.isEmpty && key.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard isNumber, let index = Int(key), index < count, seen.insert(index).inserted else {
                throw text.fault(
                    "per_layer_config", expected: "each layer from 0 to \(count - 1) once", got: quoted(key))
            }
            guard let object = value.object else {
                throw text.fault("per_layer_config.\(key)", expected: "an object", got: value.summary)
            }
            var layer = ConfigurationReader(object, file: text.file, path: text.path + "per_layer_config.\(key).")
            layers[index] = Heads(
                try layer.integer("num_key_value_heads", in: keyValueHeadBounds) ?? common.keyValueHeads,
                try layer.integer("head_dim", in: headDimensionBounds) ?? common.headDimension)
            if let other = layer.keysLeft(besides: []).first {
                throw layer.fault(
                    other, expected: "no key besides head_dim and num_key_value_heads",
                    got: object[other]?.summary ?? "nothing")
            }
        }
        return layers
    }
}
