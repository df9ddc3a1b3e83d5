internal import ModelFormats

extension Gemma3 {
    /// The weights of one layer and its keys and values. N query heads, K key-value heads, D head dimension, H hidden
    /// size, F intermediate size.
    struct Layer {
        let inputNorm: RMSNorm  // [H]
        let query, key, value: Linear  // [N D, H], [K D, H], [K D, H]
        let queryNorm, keyNorm: RMSNorm  // [D]
        let rope: RotaryEmbedding
        let attention: Arithmetic.Attention
        let cache: KVCache
        let output: Linear  // [H, N D]
        let postAttentionNorm: RMSNorm  // [H]
        let preFeedForwardNorm: RMSNorm  // [H]
        let gate, up: Linear  // [F, H]
        let down: Linear  // [H, F]
        let postFeedForwardNorm: RMSNorm  // [H]

        /// `weights` are those of the layer. An encoder keeps the keys and values of the whole text, `capacity` tokens.
        init(
            _ c: Gemma3Configuration, _ weights: ModelWeights, _ kind: AttentionKind, rope: RotaryEmbedding,
            capacity: Int, isEncoder: Bool = false, memory: Memory
        ) throws {
            let window = kind == .sliding ? c.slidingWindow : nil
            inputNorm = try weights.onePlusNorm("input_layernorm")
            query = try weights.linear("self_attn.q_proj")
            key = try weights.linear("self_attn.k_proj")
            value = try weights.linear("self_attn.v_proj")
            queryNorm = try weights.onePlusNorm("self_attn.q_norm")
            keyNorm = try weights.onePlusNorm("self_attn.k_norm")
            self.rope = rope
            attention = .init(
                heads: c.queryHeads, window: window, scale: Float(1 / c.queryPreAttentionScalar.squareRoot()))
            cache = try KVCache(
                tokens: capacity, window: isEncoder ? nil : window, kvHeads: c.keyValueHeads,
                headDimension: c.headDimension, memory: memory)
            output = try weights.linear("self_attn.o_proj")
            postAttentionNorm = try weights.onePlusNorm("post_attention_layernorm")
            preFeedForwardNorm = try weights.onePlusNorm("pre_feedforward_layernorm")
            gate = try weights.linear("mlp.gate_proj")
            up = try weights.linear("mlp.up_proj")
            down = try weights.linear("mlp.down_proj")
            postFeedForwardNorm = try weights.onePlusNorm("post_feedforward_layernorm")
        }
    }
}
