internal import ModelFormats

extension Gemma3n {
    struct Layer {
        let altUp: AltUp
        let inputNorm: RMSNorm  // [H]
        let laurelLeft, laurelRight: Linear  // [R, H], [H, R]
        let postLaurelNorm: RMSNorm  // [H]
        let query: Linear  // [Q D, H]
        let queryNorm: RMSNorm  // [D]
        /// Nil for a layer whose cache is an earlier layer's.
        let keysAndValues: KeysAndValues?
        let rope: RotaryEmbedding
        let attention: Arithmetic.Attention
        let cache: KVCache
        let output: Linear  // [H, Q D]
        let postAttentionNorm: RMSNorm  // [H]
        let preFeedForwardNorm: RMSNorm  // [H]
        let gate, up: Linear  // [F, H]
        /// Nil for a layer that keeps all activations.
        let topActivations: TopActivations?
        let down: Linear  // [H, F]
        let postFeedForwardNorm: RMSNorm  // [H]
        /// Nil where the configuration switches it off.
        let correctedOutputScale: FloatBuffer?  // [H]
        let perLayerInput: PerLayerInputs.Block
    }

    struct KeysAndValues {
        let key, value: Linear  // [K D, H]
        let keyNorm, valueNorm: RMSNorm  // [D], the second one without a learned factor
    }
}

extension Gemma3n.Layer {
    /// `weights` are those of the layer.
    init(
        _ configuration: Gemma3nConfiguration, _ layer: Gemma3nConfiguration.Layer, _ weights: ModelWeights,
        rope: RotaryEmbedding, cache: KVCache
    ) throws {
        let c = configuration
        self.init(
            altUp: try Gemma3n.AltUp(weights),
            inputNorm: try weights.norm("input_layernorm"),
            laurelLeft: try weights.linear("laurel.linear_left"),
            laurelRight: try weights.linear("laurel.linear_right"),
            postLaurelNorm: try weights.norm("laurel.post_laurel_norm"),
            query: try weights.linear("self_attn.q_proj"),
            queryNorm: try weights.norm("self_attn.q_norm"),
            keysAndValues: layer.keyValueSource != nil
                ? nil
                : .init(
                    key: try weights.linear("self_attn.k_proj"),
                    value: try weights.linear("self_attn.v_proj"),
                    keyNorm: try weights.norm("self_attn.k_norm"),
                    valueNorm: try weights.norm(width: c.headDimension)),
            rope: rope,
            attention: .init(heads: c.queryHeads, window: c.window(layer.kind), scale: 1),
            cache: cache,
            output: try weights.linear("self_attn.o_proj"),
            postAttentionNorm: try weights.norm("post_attention_layernorm"),
            preFeedForwardNorm: try weights.norm("pre_feedforward_layernorm"),
            gate: try weights.linear("mlp.gate_proj"),
            up: try weights.linear("mlp.up_proj"),
            topActivations: layer.sparsity > 0 ? Gemma3n.TopActivations(sparsity: layer.sparsity) : nil,
            down: try weights.linear("mlp.down_proj"),
            postFeedForwardNorm: try weights.norm("post_feedforward_layernorm"),
            correctedOutputScale: c.altUp.scalesCorrectedOutput
                ? try weights.vector("altup.correct_output_scale") : nil,
            perLayerInput: try .init(weights))
    }
}

extension Gemma3nConfiguration {
    /// Nil for a layer that sees every position up to its own.
    func window(_ kind: AttentionKind) -> Int? { kind == .sliding ? slidingWindow : nil }
}
