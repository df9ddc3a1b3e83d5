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
}
