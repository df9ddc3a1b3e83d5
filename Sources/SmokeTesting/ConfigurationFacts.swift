import ModelFormats

/// One thing that a configuration says about the arithmetic, after defaults, in words that config.json and a GGUF's
/// metadata share.
struct ConfigurationFact {
    enum Value: Equatable {
        case number(Double)
        case text(String)

        /// GGUF stores numbers as F32.
        func agrees(with other: Value) -> Bool {
            guard case .number(let one) = self, case .number(let two) = other else { return self == other }
            return abs(one - two) <= 1e-6 * max(abs(one), abs(two))
        }

        var text: String {
            switch self {
            case .number(let number):
                number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
            case .text(let text): text
            }
        }
    }

    /// How a difference counts.
    enum Weight {
        /// The same weights mean something else.
        case arithmetic
        /// Rotations, which a fine-tune for longer texts changes together with the context.
        case rotation
        /// Rows of the vocabulary: a fine-tune adds some.
        case vocabulary
        /// How long texts may be; short ones do not notice.
        case context
        /// Whether the head is the embedding: what counts are the head's values, which are compared too.
        case head
    }

    let key: String
    let value: Value
    let weight: Weight
}

extension GemmaConfiguration {
    var generation: String {
        switch self {
        case .gemma: "gemma"
        case .gemma2: "gemma2"
        case .gemma3: "gemma3"
        case .gemma3n: "gemma3n"
        case .gemma4: "gemma4"
        }
    }

    /// Everything that shapes the arithmetic of the text model.
    var facts: [ConfigurationFact] {
        var facts = Facts()
        facts.add("vocab_size", vocabularySize, .vocabulary)
        facts.add("max_position_embeddings", contextLength, .context)
        switch self {
        case .gemma(let one): facts.add(one)
        case .gemma2(let one): facts.add(one)
        case .gemma3(let one): facts.add(one)
        case .gemma3n(let one): facts.add(one)
        case .gemma4(let one): facts.add(one)
        }
        return facts.all
    }
}

/// Collects facts under the names of transformers' configurations.
private struct Facts {
    var all: [ConfigurationFact] = []

    mutating func add(_ key: String, _ number: Int, _ weight: ConfigurationFact.Weight = .arithmetic) {
        add(key, Double(number), weight)
    }

    mutating func add(_ key: String, _ number: Double?, _ weight: ConfigurationFact.Weight = .arithmetic) {
        all.append(.init(key: key, value: number.map { .number($0) } ?? .text("null"), weight: weight))
    }

    mutating func add(_ key: String, _ flag: Bool, _ weight: ConfigurationFact.Weight = .arithmetic) {
        all.append(.init(key: key, value: .text(flag ? "true" : "false"), weight: weight))
    }

    /// One entry for each layer: runs of the same are written once, `5 sliding_attention, 1 full_attention`.
    mutating func add(_ key: String, each values: [String]) {
        var runs: [(count: Int, value: String)] = []
        for value in values {
            if runs.last?.value == value { runs[runs.count - 1].count += 1 } else { runs.append((1, value)) }
        }
        let text = runs.map { "\($0.count) x \($0.value)" }.joined(separator: ", ")
        all.append(.init(key: key, value: .text(text), weight: .arithmetic))
    }

    mutating func add(_ name: String, _ rope: RoPE) {
        add(name + " rope_theta", rope.base, .rotation)
        add(name + " rope factor", rope.factor, .rotation)
        add(name + " partial_rotary_factor", rope.rotatedPart, .rotation)
    }

    mutating func addHeads(hidden: Int, queries: Int, keyValues: Int?, dimension: Int?, epsilon: Double) {
        add("hidden_size", hidden)
        add("num_attention_heads", queries)
        if let keyValues { add("num_key_value_heads", keyValues) }
        if let dimension { add("head_dim", dimension) }
        add("rms_norm_eps", epsilon)
    }

    mutating func add(_ gemma: Gemma1Configuration) {
        addHeads(
            hidden: gemma.hiddenSize, queries: gemma.queryHeads, keyValues: gemma.keyValueHeads,
            dimension: gemma.headDimension, epsilon: gemma.normEpsilon)
        add("intermediate_size", gemma.intermediateSize)
        add("num_hidden_layers", gemma.layerCount)
        add("full_attention", gemma.rope)
        add("tie_word_embeddings", gemma.tiesWordEmbeddings, .head)
    }

    mutating func add(_ gemma: Gemma2Configuration) {
        addHeads(
            hidden: gemma.hiddenSize, queries: gemma.queryHeads, keyValues: gemma.keyValueHeads,
            dimension: gemma.headDimension, epsilon: gemma.normEpsilon)
        add("intermediate_size", gemma.intermediateSize)
        add("num_hidden_layers", gemma.layers.count)
        add("layer_types", each: gemma.layers.map(\.rawValue))
        if gemma.layers.contains(.sliding) { add("sliding_window", gemma.slidingWindow) }
        add("query_pre_attn_scalar", gemma.queryPreAttentionScalar)
        add("attn_logit_softcapping", gemma.attentionSoftcap)
        add("final_logit_softcapping", gemma.finalSoftcap)
        add("full_attention", gemma.rope)
        add("tie_word_embeddings", gemma.tiesWordEmbeddings, .head)
    }

    mutating func add(_ gemma: Gemma3Configuration) {
        addHeads(
            hidden: gemma.hiddenSize, queries: gemma.queryHeads, keyValues: gemma.keyValueHeads,
            dimension: gemma.headDimension, epsilon: gemma.normEpsilon)
        add("intermediate_size", gemma.intermediateSize)
        add("num_hidden_layers", gemma.layers.count)
        add("layer_types", each: gemma.layers.map(\.rawValue))
        add("query_pre_attn_scalar", gemma.queryPreAttentionScalar)
        addRotations(
            Set(gemma.layers), full: gemma.fullRoPE, sliding: gemma.slidingRoPE, window: gemma.slidingWindow)
        add("tie_word_embeddings", gemma.tiesWordEmbeddings, .head)
    }

    mutating func add(_ gemma: Gemma3nConfiguration) {
        addHeads(
            hidden: gemma.hiddenSize, queries: gemma.queryHeads, keyValues: gemma.keyValueHeads,
            dimension: gemma.headDimension, epsilon: gemma.normEpsilon)
        add("num_hidden_layers", gemma.layers.count)
        add("layer_types", each: gemma.layers.map(\.kind.rawValue))
        add("intermediate_size", each: gemma.layers.map { "\($0.intermediateSize)" })
        // The cutoff is taken in F32, in which GGUF stores the quantile of this number.
        add("activation_sparsity_pattern", each: gemma.layers.map { "\(($0.sparsity * 1e4).rounded() / 1e4)" })
        add("layers of keys and values", each: gemma.layers.map { $0.keyValueSource.map { "layer \($0)" } ?? "own" })
        addRotations(
            Set(gemma.layers.map(\.kind)), full: gemma.fullRoPE, sliding: gemma.slidingRoPE,
            window: gemma.slidingWindow)
        add("altup_num_inputs", gemma.altUp.streams)
        add("altup_active_idx", gemma.altUp.active)
        add("altup_correct_scale", gemma.altUp.scalesCorrectedOutput)
        add("laurel_rank", gemma.laurelRank)
        add("hidden_size_per_layer_input", gemma.perLayerInputSize)
        add("final_logit_softcapping", gemma.finalSoftcap)
        add("tie_word_embeddings", gemma.tiesWordEmbeddings, .head)
    }

    mutating func add(_ gemma: Gemma4Configuration) {
        addHeads(
            hidden: gemma.hiddenSize, queries: gemma.queryHeads, keyValues: nil, dimension: nil,
            epsilon: gemma.normEpsilon)
        let layers = gemma.layers
        add("num_hidden_layers", layers.count)
        add("layer_types", each: layers.map(\.kind.rawValue))
        add("num_key_value_heads", each: layers.map { "\($0.keyValueHeads)" })
        add("head_dim", each: layers.map { "\($0.headDimension)" })
        add("intermediate_size", each: layers.map { "\($0.intermediateSize)" })
        add(
            "layers of keys and values",
            each: layers.enumerated().map { $0 == $1.keyValueSource ? "own" : "layer \($1.keyValueSource)" })
        add("attention_k_eq_v", each: layers.map { "\($0.valuesAreKeys)" })
        addRotations(
            Set(layers.map(\.kind)), full: gemma.fullRoPE, sliding: gemma.slidingRoPE, window: gemma.slidingWindow)
        add("hidden_size_per_layer_input", gemma.perLayerEmbedding?.width ?? 0)
        add("num_experts", gemma.experts?.count ?? 0)
        add("top_k_experts", gemma.experts?.chosen ?? 0)
        add("moe_intermediate_size", gemma.experts?.intermediateSize ?? 0)
        add("final_logit_softcapping", gemma.logitSoftcap)
        add("tie_word_embeddings", gemma.tiesWordEmbeddings, .head)
    }

    /// Of the kinds of layers that there are.
    private mutating func addRotations(_ kinds: Set<AttentionKind>, full: RoPE, sliding: RoPE, window: Int) {
        if kinds.contains(.full) { add("full_attention", full) }
        guard kinds.contains(.sliding) else { return }
        add("sliding_attention", sliding)
        add("sliding_window", window)
    }
}
