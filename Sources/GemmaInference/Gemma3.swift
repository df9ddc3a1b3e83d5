internal import ModelFormats

/// Gemma 3, text (arXiv 2503.19786): a decoder with grouped-query attention, five sliding-window layers to each full
/// one, RMSNorm before and after every sub-layer and on queries and keys, and a GeGLU feed-forward.
///
/// Shapes in the comments: T tokens of this block, H hidden size, F intermediate size, N query heads, K key-value heads,
/// D head dimension, V vocabulary rows.
final class Gemma3: LanguageModel {
    private let configuration: Gemma3Configuration
    private let arithmetic: Arithmetic
    private let embedding: Matrix  // [V, H]
    private let layers: [Layer]
    private let fullRoPE, slidingRoPE: RotaryEmbedding
    private let head: OutputHead

    private let x, h: FloatBuffer  // [T, H] the residual stream and what goes into or comes out of a sub-layer
    private let q, o: FloatBuffer  // [T, N, D]
    private let k, v: FloatBuffer  // [T, K, D]
    private let gate, up: FloatBuffer  // [T, F]

    let capacity: Int
    private(set) var position = 0
    var vocabularySize: Int { configuration.vocabularySize }

    init(
        _ configuration: Gemma3Configuration, _ weights: ModelWeights, capacity: Int, pool: WorkerPool, memory: Memory
    ) throws {
        let c = configuration, tokens = Arithmetic.blockSize
        self.configuration = c
        self.capacity = capacity
        arithmetic = try Arithmetic(pool: pool, capacity: capacity, widestRow: weights.widestRow, memory: memory)
        embedding = try weights.table("embed_tokens")
        head = try OutputHead(weights, norm: try weights.onePlusNorm("norm"), tied: embedding, memory: memory)
        let full = try RotaryEmbedding(c.fullRoPE, headDimension: c.headDimension, memory: memory)
        let sliding = try RotaryEmbedding(c.slidingRoPE, headDimension: c.headDimension, memory: memory)
        (fullRoPE, slidingRoPE) = (full, sliding)
        layers = try c.layers.enumerated().map { index, kind in
            try Layer(
                c, weights.layer(index), kind, rope: kind == .full ? full : sliding, capacity: capacity, memory: memory)
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
        fullRoPE.prepare(count, at: position)
        slidingRoPE.prepare(count, at: position)
        for layer in layers {
            math.normalize(x, layer.inputNorm, into: h, rows: count)  // h [T, H]
            math.multiply(h.start, count, (layer.query, q), (layer.key, k), (layer.value, v))
            math.normalize(q, layer.queryNorm, into: q, rows: count * c.queryHeads)  // q [T, N, D]
            math.normalize(k, layer.keyNorm, into: k, rows: count * c.keyValueHeads)  // k [T, K, D]
            layer.rope.rotate(q, heads: c.queryHeads, count)
            layer.rope.rotate(k, heads: c.keyValueHeads, count)
            layer.cache.store(keys: k, values: v, tokens: count, at: position)
            math.attend(q, layer.cache, layer.attention, count, at: position, into: o)  // o [T, N, D]
            math.multiply(o.start, count, (layer.output, h))  // h [T, H]
            math.addNormalized(h, layer.postAttentionNorm, to: x, rows: count)  // x += norm(h)

            math.normalize(x, layer.preFeedForwardNorm, into: h, rows: count)
            math.multiply(h.start, count, (layer.gate, gate), (layer.up, up))  // gate, up [T, F]
            math.gatedGELU(gate, up, count: count * c.intermediateSize)
            math.multiply(gate.start, count, (layer.down, h))  // h [T, H]
            math.addNormalized(h, layer.postFeedForwardNorm, to: x, rows: count)
        }
        position += count
        return head(x, count, wanted, arithmetic)  // [T or 1, V]
    }
}
