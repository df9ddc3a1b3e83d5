import Foundation

extension GGUFConfiguration {
    /// Heads and widths that are the same in all layers.
    mutating func setHeads(listsWidths: Bool = false) throws {
        set("num_key_value_heads", .integer(try uniform("attention.head_count_kv") ?? (try queryHeads())))
        set("head_dim", .integer(try headDimension("")))
        for key in ["rope.dimension_count", "rope.dimension_count_swa"] {
            let dimension = try headDimension("")
            if let turned = try integer(key), turned != dimension {
                throw fault(key, expected: "\(dimension), the whole head")
            }
        }
        guard let widths = try perLayer("feed_forward_length") else {
            throw fault("feed_forward_length", expected: "a whole number")
        }
        if listsWidths {
            set("intermediate_size", .array(widths.map { .integer($0) }))
        } else {
            set("intermediate_size", .integer(try uniform("feed_forward_length") ?? 0))
        }
    }

    /// `attention.key_length`, the same as `value_length`; else the embedding's share of a head.
    mutating func headDimension(_ kind: String) throws -> Int {
        let heads = try queryHeads(), width = try required("embedding_length")
        guard heads > 0 else { throw fault("attention.head_count", expected: "a number above 0") }
        let full = try integer("attention.key_length") ?? width / heads
        let dimension = kind.isEmpty ? full : try integer("attention.key_length" + kind) ?? full
        if let values = try integer("attention.value_length" + kind), values != dimension {
            throw fault("attention.value_length" + kind, expected: "\(dimension), as key_length\(kind)")
        }
        return dimension
    }

    /// Not stored: the largest model of a generation, known by its layers, has its own.
    mutating func setQueryScalar(largestLayerCount: Int) throws {
        let isLargest = layerCount == largestLayerCount
        let scalar = isLargest ? try required("embedding_length") / max(1, try queryHeads()) : try headDimension("")
        set("query_pre_attn_scalar", .integer(scalar))
    }

    mutating func setLayerTypes(defaultPeriod: Int) throws {
        let kinds = try layerTypes(defaultPeriod: defaultPeriod)
        set("layer_types", .array(kinds.map { .string($0.rawValue) }))
    }

    /// A flag per layer (true slides), or a period p: every p-th layer is full.
    mutating func layerTypes(defaultPeriod: Int?) throws -> [AttentionKind] {
        let key = "attention.sliding_window_pattern"
        func kinds(period: Int) -> [AttentionKind] {
            (1...layerCount).map { period > 0 && $0 % period == 0 ? .full : .sliding }
        }
        switch value(key) {
        case nil:
            guard let defaultPeriod else { throw fault(key, expected: "a flag for each of \(layerCount) layers") }
            return kinds(period: defaultPeriod)
        case .integer(let period) where defaultPeriod != nil && period >= 0: return kinds(period: period)
        case .some(let list):
            guard let flags = metadata.numbers(list), flags.count == layerCount,
                flags.allSatisfy({ $0 == 0 || $0 == 1 })
            else { throw fault(key, expected: "a flag for each of \(layerCount) layers") }
            return flags.map { $0 == 1 ? .sliding : .full }
        }
    }

    /// The base, and the linear scaling of full layers.
    mutating func rope(base key: String, ofEngine base: Double, scaled: Bool) throws -> JSONObject {
        var members: [(key: String, value: JSONValue)] = [("rope_theta", .number(try number(key) ?? base))]
        let type = try string("rope.scaling.type") ?? "linear"
        let factor = try number("rope.scaling.factor") ?? (try number("rope.scale_linear")) ?? 0
        guard ["none", "linear"].contains(type) else { throw fault("rope.scaling.type", expected: "none or linear") }
        if scaled, type == "linear", factor != 0 {
            members += [("rope_type", .string("linear")), ("factor", .number(factor))]
        } else {
            members.append(("rope_type", .string("default")))
        }
        return JSONObject(members)
    }

    mutating func setRopeOfBothKinds() throws {
        let full = try rope(base: "rope.freq_base", ofEngine: 10_000, scaled: true)
        let sliding = try rope(base: "rope.freq_base_swa", ofEngine: 10_000, scaled: false)
        set(
            "rope_parameters",
            .object(JSONObject([("full_attention", .object(full)), ("sliding_attention", .object(sliding))])))
    }

    /// From quantiles of the normal distribution back to the parts below them; the converter took them of decimal
    /// numbers, which are restored where one of four places is within the rounding.
    mutating func setSparsity() throws {
        let key = "activation_sparsity_scale"
        guard let list = value(key) else { return }
        guard let quantiles = metadata.numbers(list), quantiles.count == layerCount else {
            throw fault(key, expected: "a number for each of \(layerCount) layers")
        }
        set(
            "activation_sparsity_pattern",
            .array(
                quantiles.map { quantile in
                    let part = 0.5 * erfc(-quantile / 2.squareRoot()), short = (part * 10_000).rounded() / 10_000
                    return .number(abs(part - short) < 3e-7 ? short : part)
                }))
    }
}
