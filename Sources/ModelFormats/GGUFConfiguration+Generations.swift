import Foundation

extension GGUFConfiguration {
    mutating func setGemma() throws {
        try setHeads()
        set("rope_parameters", .object(try rope(base: "rope.freq_base", ofEngine: 10_000, scaled: true)))
    }

    mutating func setGemma2() throws {
        try setHeads()
        try setQueryScalar(largestLayerCount: 46)
        for key in ["attn_logit_softcapping", "final_logit_softcapping"] {
            if let cap = try number(key) { set(key, cap == 0 ? .null : .number(cap)) }
        }
        set("sliding_window", .integer(try integer("attention.sliding_window") ?? 4096))
        try setLayerTypes(defaultPeriod: 2)
        let base = try number("rope.freq_base") ?? 10_000
        guard try number("rope.freq_base_swa") ?? base == base else {
            throw fault("rope.freq_base_swa", expected: "\(base), the one base of Gemma 2")
        }
        let rope = try rope(base: "rope.freq_base", ofEngine: 10_000, scaled: true)
        guard rope["factor"] == nil else { throw fault("rope.scaling.factor", expected: "none in a Gemma 2 model") }
        set("rope_parameters", .object(rope))
    }

    mutating func setGemma3() throws {
        try setHeads()
        try setQueryScalar(largestLayerCount: 62)
        if let cap = try number("final_logit_softcapping"), cap != 0 { set("final_logit_softcapping", .number(cap)) }
        // Without a window all layers are full, whatever the pattern.
        if let window = try integer("attention.sliding_window"), window != 0 {
            set("sliding_window", .integer(window))
            try setLayerTypes(defaultPeriod: 6)
        } else {
            _ = value("attention.sliding_window_pattern")
            set("layer_types", .array(Array(repeating: .string("full_attention"), count: layerCount)))
        }
        try setRopeOfBothKinds()
    }

    mutating func setGemma3n() throws {
        try setHeads(listsWidths: true)
        set("sliding_window", .integer(try required("attention.sliding_window")))
        try setLayerTypes(defaultPeriod: 5)
        try setRopeOfBothKinds()
        // llama.cpp's constants, for files from before the keys.
        set("num_kv_shared_layers", .integer(try integer("attention.shared_kv_layers") ?? max(0, layerCount - 20)))
        if let cap = try number("final_logit_softcapping") {
            set("final_logit_softcapping", cap == 0 ? .null : .number(cap))
        }
        set("altup_num_inputs", .integer(try integer("altup.num_inputs") ?? 4))
        set("altup_active_idx", .integer(try integer("altup.active_idx") ?? 0))
        set("laurel_rank", .integer(try shape(of: "blk.0.laurel_l.weight", rank: 2)[0]))
        set("hidden_size_per_layer_input", .integer(try required("embedding_length_per_layer_input")))
        set("vocab_size_per_layer_input", .integer(try shape(of: "per_layer_token_embd.weight", rank: 2)[0]))
        try setSparsity()
    }

    mutating func setGemma4() throws {
        let kinds = try layerTypes(defaultPeriod: nil)
        guard kinds.last == .full else {
            throw fault("attention.sliding_window_pattern", expected: "a full layer at the end, as in every Gemma 4")
        }
        set("layer_types", .array(kinds.map { .string($0.rawValue) }))
        set("sliding_window", .integer(try required("attention.sliding_window")))
        let shared = try integer("attention.shared_kv_layers") ?? 0
        guard (0..<layerCount).contains(shared) else {
            throw fault("attention.shared_kv_layers", expected: "a number from 0 to \(layerCount - 1)")
        }
        set("num_kv_shared_layers", .integer(shared))
        try setGemma4Heads(kinds, shared: shared)
        try setGemma4Rope(kinds)
        try setGemma4Widths(shared: shared)
        let width = try integer("embedding_length_per_layer_input") ?? 0
        set("hidden_size_per_layer_input", .integer(width))
        if width > 0 {
            set("vocab_size_per_layer_input", .integer(try shape(of: "per_layer_token_embd.weight", rank: 2)[0]))
        }
        let cap = try number("final_logit_softcapping") ?? 0
        set("final_logit_softcapping", cap == 0 ? .null : .number(cap))
        let experts = try integer("expert_count") ?? 0
        set("enable_moe_block", .boolean(experts > 0))
        if experts > 0 {
            set("num_experts", .integer(experts))
            set("top_k_experts", .integer(try uniform("expert_used_count") ?? 0))
            set("moe_intermediate_size", .integer(try uniform("expert_feed_forward_length") ?? 0))
        }
    }
}

// MARK: - parts

extension GGUFConfiguration {
    /// Heads and widths that are the same in all layers.
    private mutating func setHeads(listsWidths: Bool = false) throws {
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
    private mutating func headDimension(_ kind: String) throws -> Int {
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
    private mutating func setQueryScalar(largestLayerCount: Int) throws {
        let isLargest = layerCount == largestLayerCount
        let scalar = isLargest ? try required("embedding_length") / max(1, try queryHeads()) : try headDimension("")
        set("query_pre_attn_scalar", .integer(scalar))
    }

    private mutating func setLayerTypes(defaultPeriod: Int) throws {
        let kinds = try layerTypes(defaultPeriod: defaultPeriod)
        set("layer_types", .array(kinds.map { .string($0.rawValue) }))
    }

    /// A flag per layer (true slides), or a period p: every p-th layer is full.
    private mutating func layerTypes(defaultPeriod: Int?) throws -> [AttentionKind] {
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
    private mutating func rope(base key: String, ofEngine base: Double, scaled: Bool) throws -> JSONObject {
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

    private mutating func setRopeOfBothKinds() throws {
        let full = try rope(base: "rope.freq_base", ofEngine: 10_000, scaled: true)
        let sliding = try rope(base: "rope.freq_base_swa", ofEngine: 10_000, scaled: false)
        set(
            "rope_parameters",
            .object(JSONObject([("full_attention", .object(full)), ("sliding_attention", .object(sliding))])))
    }

    /// From quantiles of the normal distribution back to the parts below them; the converter took them of decimal
    /// numbers, which are restored where one of four places is within the rounding.
    private mutating func setSparsity() throws {
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

// MARK: - Gemma 4

extension GGUFConfiguration {
    /// Sliding and full layers have heads of their own; values of full layers may be keys.
    private mutating func setGemma4Heads(_ kinds: [AttentionKind], shared: Int) throws {
        let full = try headDimension(""), sliding = try headDimension("_swa")
        set("head_dim", .integer(sliding))
        let key = "attention.head_count_kv"
        let heads = try perLayer(key) ?? Array(repeating: try queryHeads(), count: layerCount)
        func common(_ kind: AttentionKind) throws -> Int? {
            let ofKind = zip(kinds, heads).filter { $0.0 == kind }.map(\.1)
            guard Set(ofKind).count <= 1 else {
                throw fault(key, expected: "the same number in all \(kind.rawValue) layers")
            }
            return ofKind.first
        }
        let fullHeads = try common(.full) ?? 1, slidingHeads = try common(.sliding) ?? fullHeads
        set("num_key_value_heads", .integer(slidingHeads))
        let own = kinds.indices.dropLast(shared).filter { kinds[$0] == .full }
        let withoutValues = own.filter { checkpoint.tensor("blk.\($0).attn_v.weight") == nil }
        guard withoutValues.isEmpty || withoutValues.count == own.count else {
            throw ModelFormatError.configuration(
                file: checkpoint.name, key: "blk.\(withoutValues[0]).attn_v.weight",
                expected: "to be there in all full layers or in none", got: "no such tensor")
        }
        set("attention_k_eq_v", .boolean(!withoutValues.isEmpty))
        var differing: [(key: String, value: JSONValue)] = []
        if full != sliding { differing.append(("head_dim", .integer(full))) }
        if fullHeads != slidingHeads { differing.append(("num_key_value_heads", .integer(fullHeads))) }
        let layers = differing.isEmpty ? [] : kinds.indices.filter { kinds[$0] == .full }
        set("per_layer_config", .object(JSONObject(layers.map { ("\($0)", .object(JSONObject(differing))) })))
    }

    /// Every layer as wide as the next, or twice as wide where keys and values are shared.
    private mutating func setGemma4Widths(shared: Int) throws {
        let key = "feed_forward_length"
        guard let widths = try perLayer(key) else { throw fault(key, expected: "a whole number") }
        let width = widths[0]
        let doubled = widths.indices.map { $0 < layerCount - shared ? width : width &* 2 }
        guard widths == doubled || widths.allSatisfy({ $0 == width }) else {
            throw fault(
                key, expected: "one width, or twice it in the last \(shared) layers, which share keys and values")
        }
        set("intermediate_size", .integer(width))
        set("use_double_wide_mlp", .boolean(shared > 0 && widths == doubled))
    }

    /// Full layers turn the pairs whose factor in `rope_freqs.weight` is 1 and leave those with 1e30.
    private mutating func setGemma4Rope(_ kinds: [AttentionKind]) throws {
        let full = try headDimension(""), sliding = try headDimension("_swa")
        for (key, dimension) in [("rope.dimension_count", full), ("rope.dimension_count_swa", sliding)] {
            if let turned = try integer(key), turned != dimension {
                throw fault(key, expected: "\(dimension), the whole head")
            }
        }
        let turned = try turnedPairs(of: full)
        var members = try rope(base: "rope.freq_base", ofEngine: 10_000, scaled: true).members
        members.removeAll { $0.key == "rope_type" }
        // Whoever multiplies it with the head again gets the whole number of pairs, not one less.
        var part = Double(2 * turned) / Double(full)
        if Int(part * Double(full) / 2) < turned { part = part.nextUp }
        members += [("rope_type", .string("proportional")), ("partial_rotary_factor", .number(part))]
        let slidingRope = try rope(base: "rope.freq_base_swa", ofEngine: 10_000, scaled: false)
        set(
            "rope_parameters",
            .object(
                JSONObject([
                    ("full_attention", .object(JSONObject(members))), ("sliding_attention", .object(slidingRope)),
                ])))
    }

    private func turnedPairs(of dimension: Int) throws -> Int {
        let name = "rope_freqs.weight"
        func fault(_ expected: String, _ got: String) -> ModelFormatError {
            .configuration(file: checkpoint.name, key: name, expected: expected, got: got)
        }
        guard let (tensor, file) = checkpoint.tensor(name) else {
            throw fault("a factor for each rotary pair of full layers", "no such tensor")
        }
        guard (2...4096).contains(dimension), tensor.element == .f32, tensor.shape == [dimension / 2] else {
            throw fault("F32 [\(dimension / 2)]", "\(tensor.element.rawValue) \(tensor.shape)")
        }
        let factors = try file.bytes(at: tensor.range.lowerBound, count: tensor.range.count).withUnsafeBytes { bytes in
            (0..<dimension / 2).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        let turned = factors.prefix { $0 == 1 }.count
        guard factors[turned...].allSatisfy({ $0 == 1e30 }) else {
            throw fault("1 for the first pairs and 1e30 for the others", "other factors")
        }
        return turned
    }
}
