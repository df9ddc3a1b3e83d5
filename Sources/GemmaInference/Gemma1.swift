internal import ModelFormats

/// Gemma 1 (arXiv 2403.08295): a decoder whose layers all see everything before them, with multi-head or multi-query
/// attention, RMSNorm before each sub-layer, and a GeGLU feed-forward.
///
/// Shapes in the comments: T tokens of this block, H hidden size, F intermediate size, N query heads, K key-value heads,
/// D head dimension, V vocabulary rows.
final class Gemma1: LanguageModel {
    struct Layer {
        let inputNorm: RMSNorm  // [H]
        let query, key, value: Linear  // [N D, H], [K D, H], [K D, H]
        let cache: KVCache
        let output: Linear  // [H, N D]
        let preFeedForwardNorm: RMSNorm  // [H]
        let gate, up: Linear  // [F, H]
        let down: Linear  // [H, F]
    }

    private let configuration: Gemma1Configuration
    private let arithmetic: Arithmetic
    private let embedding: Matrix  // [V, H]
    private let layers: [Layer]
    private let attention: Arithmetic.Attention
    private let rope: RotaryEmbedding
    private let head: OutputHead

    private let x, h: FloatBuffer  // [T, H] the residual stream and what goes into or comes out of a sub-layer
    private let q, o: FloatBuffer  // [T, N, D]
    private let k, v: FloatBuffer  // [T, K, D]
    private let gate, up: FloatBuffer  // [T, F]

    let capacity: Int
    private(set) var position = 0
    var vocabularySize: Int { configuration.vocabularySize }

    init(
        _ configuration: Gemma1Configuration, _ weights: ModelWeights, capacity: Int, pool: WorkerPool, memory: Memory
    ) throws {
        let c = configuration, tokens = Arithmetic.blockSize
        self.configuration = c
        self.capacity = capacity
        arithmetic = try Arithmetic(pool: pool, capacity: capacity, widestRow: weights.widestRow, memory: memory)
        embedding = try weights.table("embed_tokens")
        head = try OutputHead(weights, norm: try weights.onePlusNorm("norm"), tied: embedding, memory: memory)
        rope = try RotaryEmbedding(c.rope, headDimension: c.headDimension, memory: memory)
        attention = .init(heads: c.queryHeads, window: nil, scale: Float(1 / Double(c.headDimension).squareRoot()))
        layers = try (0..<c.layerCount).map { index in
            let layer = weights.layer(index)
            return Layer(
                inputNorm: try layer.onePlusNorm("input_layernorm"),
                query: try layer.linear("self_attn.q_proj"),
                key: try layer.linear("self_attn.k_proj"),
                value: try layer.linear("self_attn.v_proj"),
                cache: try KVCache(
                    tokens: capacity, window: nil, kvHeads: c.keyValueHeads, headDimension: c.headDimension,
                    memory: memory),
                output: try layer.linear("self_attn.o_proj"),
                // Stored under the name that later generations give the norm after attention.
                preFeedForwardNorm: try layer.onePlusNorm("post_attention_layernorm"),
                gate: try layer.linear("mlp.gate_proj"),
                up: try layer.linear("mlp.up_proj"),
                down: try layer.linear("mlp.down_proj"))
        }
        (x, h) = (try memory.floats(tokens, c.hiddenSize), try memory.floats(tokens, c.hiddenSize))
        let (n, kv, d) = (c.queryHeads, c.keyValueHeads, c.headDimension)
        (q, o) = (try memory.floats(tokens, n, d), try memory.floats(tokens, n, d))
        (k, v) = (try memory.floats(tokens, kv, d), try memory.floats(tokens, kv, d))
        (gate, up) = (try memory.floats(tokens, c.intermediateSize), try memory.floats(tokens, c.intermediateSize))
    }

    func reset() { position = 0 }

    func forward(_ tokens: ArraySlice<Int>, logits wanted: LogitRows) -> UnsafeBufferPointer<Float> {
        checkBlock(tokens)
        let c = configuration, math = arithmetic, count = tokens.count
        math.embed(tokens, embedding, scale: Float(c.hiddenSize).squareRoot(), into: x)  // x [T, H]
        rope.prepare(count, at: position)
        for layer in layers {
            math.normalize(x, layer.inputNorm, into: h, rows: count)  // h [T, H]
            math.multiply(h.start, count, (layer.query, q), (layer.key, k), (layer.value, v))
            rope.rotate(q, heads: c.queryHeads, count)
            rope.rotate(k, heads: c.keyValueHeads, count)
            layer.cache.store(keys: k, values: v, tokens: count, at: position)
            math.attend(q, layer.cache, attention, count, at: position, into: o)  // o [T, N, D]
            math.multiply(o.start, count, (layer.output, h))  // h [T, H]
            math.add(h, to: x, count: count * c.hiddenSize)

            math.normalize(x, layer.preFeedForwardNorm, into: h, rows: count)
            math.multiply(h.start, count, (layer.gate, gate), (layer.up, up))  // gate, up [T, F]
            math.gatedGELU(gate, up, count: count * c.intermediateSize)
            math.multiply(gate.start, count, (layer.down, h))  // h [T, H]
            math.add(h, to: x, count: count * c.hiddenSize)
        }
        position += count
        return head(x, count, wanted, arithmetic)  // [T or 1, V]
    }
}
