internal import ModelFormats

extension Gemma4 {
    /// One decoder layer: its weights, its place in the rotary embedding, and the cache that it writes or shares.
    struct Layer {
        /// The part that makes keys and values; layers that read another layer's have none.
        struct KeyValue {
            let key: Linear  // [K D, H]
            let value: Linear?  // [K D, H]; nil when the values are the keys before their norm
            let keyNorm: RMSNorm  // [D]
            let valueNorm: RMSNorm  // [D], without a learned scale
        }

        let inputNorm: RMSNorm  // [H]
        let query: Linear  // [N D, H]
        let queryNorm: RMSNorm  // [D]
        let keyValue: KeyValue?
        let rope: RotaryEmbedding
        let attention: Arithmetic.Attention
        let cache: KVCache
        let output: Linear  // [H, N D]
        let postAttentionNorm: RMSNorm  // [H]
        let preFeedForwardNorm: RMSNorm  // [H]
        let gate, up: Linear  // [F, H]
        let down: Linear  // [H, F]
        let experts: Experts?
        let postFeedForwardNorm: RMSNorm  // [H]
        let perLayerInput: PerLayerInputs.Block?
        let scalar: Float

        /// - Parameter source: the cache of the layer whose keys and values this one reads; nil for its own.
        init(
            _ layer: Gemma4Configuration.Layer, of c: Gemma4Configuration, _ weights: ModelWeights,
            rope: RotaryEmbedding, sharing source: KVCache?, capacity: Int, memory: Memory
        ) throws {
            let window = layer.kind == .sliding ? c.slidingWindow : nil
            inputNorm = try weights.norm("input_layernorm")
            query = try weights.linear("self_attn.q_proj")
            queryNorm = try weights.norm("self_attn.q_norm")
            if let source {
                keyValue = nil
                cache = source
            } else {
                keyValue = KeyValue(
                    key: try weights.linear("self_attn.k_proj"),
                    value: layer.valuesAreKeys ? nil : try weights.linear("self_attn.v_proj"),
                    keyNorm: try weights.norm("self_attn.k_norm"),
                    valueNorm: try weights.norm(width: layer.headDimension))
                cache = try KVCache(
                    tokens: capacity, window: window, kvHeads: layer.keyValueHeads,
                    headDimension: layer.headDimension, memory: memory)
            }
            self.rope = rope
            // Queries and keys are normalised; their product is taken as it is.
            attention = .init(heads: c.queryHeads, window: window, scale: 1)
            output = try weights.linear("self_attn.o_proj")
            postAttentionNorm = try weights.norm("post_attention_layernorm")
            preFeedForwardNorm = try weights.norm("pre_feedforward_layernorm")
            gate = try weights.linear("mlp.gate_proj")
            up = try weights.linear("mlp.up_proj")
            down = try weights.linear("mlp.down_proj")
            experts = try c.experts.map { try Experts($0, weights, hiddenSize: c.hiddenSize) }
            postFeedForwardNorm = try weights.norm("post_feedforward_layernorm")
            perLayerInput = try c.perLayerEmbedding.map { _ in try PerLayerInputs.Block(weights) }
            scalar = try weights.number("layer_scalar")
        }
    }
}
