extension GGUFConfiguration {
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
