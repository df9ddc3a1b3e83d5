internal import ModelFormats

/// Gemma 3 as an encoder (EmbeddingGemma, arXiv 2509.20354): the same layers, but every token sees those after it as
/// well, so that a layer is run over the whole text before the next one begins. There is no output head.
///
/// Shapes in the comments: T tokens of a block, H hidden size, F intermediate size, N query heads, K key-value heads,
/// D head dimension.
final class Gemma3Encoder {
    private let configuration: Gemma3Configuration
    private let arithmetic: Arithmetic
    private let embedding: Matrix  // [V, H]
    private let layers: [Gemma3.Layer]
    private let norm: RMSNorm  // [H]
    /// Holds the mapping that the matrices point into.
    private let weights: ModelWeights

    private let blocks: [FloatBuffer]  // [T, H] each, the residual stream of the whole text
    private let h: FloatBuffer  // [T, H]
    private let q, o: FloatBuffer  // [T, N, D]
    private let k, v: FloatBuffer  // [T, K, D]
    private let gate, up: FloatBuffer  // [T, F]

    /// - Parameter capacity: the longest text, in tokens.
    init(
        _ configuration: Gemma3Configuration, _ weights: ModelWeights, capacity: Int, pool: WorkerPool, memory: Memory
    ) throws {
        let c = configuration, tokens = Arithmetic.blockSize
        self.configuration = c
        self.weights = weights
        arithmetic = try Arithmetic(pool: pool, capacity: capacity, widestRow: weights.widestRow, memory: memory)
        embedding = try weights.table("embed_tokens")
        norm = try weights.onePlusNorm("norm")
        let full = try RotaryEmbedding(c.fullRoPE, headDimension: c.headDimension, memory: memory)
        let sliding = try RotaryEmbedding(c.slidingRoPE, headDimension: c.headDimension, memory: memory)
        layers = try c.layers.enumerated().map { index, kind in
            try Gemma3.Layer(
                c, weights.layer(index), kind, rope: kind == .full ? full : sliding, capacity: capacity,
                isEncoder: true, memory: memory)
        }
        blocks = try stride(from: 0, to: capacity, by: tokens).map { _ in try memory.floats(tokens, c.hiddenSize) }
        h = try memory.floats(tokens, c.hiddenSize)
        let (n, kv, d) = (c.queryHeads, c.keyValueHeads, c.headDimension)
        (q, o) = (try memory.floats(tokens, n, d), try memory.floats(tokens, n, d))
        (k, v) = (try memory.floats(tokens, kv, d), try memory.floats(tokens, kv, d))
        (gate, up) = (try memory.floats(tokens, c.intermediateSize), try memory.floats(tokens, c.intermediateSize))
    }

    /// The states [tokens, H] after the last norm. Tokens are below the vocabulary's size and within the capacity.
    func encode(_ tokens: [Int]) -> [Float] {
        precondition(tokens.count <= blocks.count * Arithmetic.blockSize, "text over the capacity")
        precondition(
            tokens.allSatisfy { (0..<configuration.vocabularySize).contains($0) }, "token beyond the vocabulary")
        let c = configuration, math = arithmetic
        let starts = Array(stride(from: 0, to: tokens.count, by: Arithmetic.blockSize))
        let text = starts.map { tokens[$0..<min($0 + Arithmetic.blockSize, tokens.count)] }
        for (block, x) in zip(text, blocks) {
            math.embed(block, embedding, scale: Float(c.hiddenSize).squareRoot(), into: x)  // x [T, H]
        }
        for layer in layers {
            for (block, x) in zip(text, blocks) { keep(block, x, layer) }
            for (block, x) in zip(text, blocks) { advance(block, x, layer, of: tokens.count) }
        }
        return zip(text, blocks).flatMap { block, x in
            math.normalize(x, norm, into: h, rows: block.count)
            return Array(UnsafeBufferPointer(start: h.start, count: block.count * c.hiddenSize))
        }
    }

    /// Stores the keys and values of a block's tokens.
    private func keep(_ block: ArraySlice<Int>, _ x: FloatBuffer, _ layer: Gemma3.Layer) {
        let c = configuration, math = arithmetic, count = block.count
        layer.rope.prepare(count, at: block.startIndex)
        math.normalize(x, layer.inputNorm, into: h, rows: count)  // h [T, H]
        math.multiply(h.start, count, (layer.key, k), (layer.value, v))
        math.normalize(k, layer.keyNorm, into: k, rows: count * c.keyValueHeads)  // k [T, K, D]
        layer.rope.rotate(k, heads: c.keyValueHeads, count)
        layer.cache.store(keys: k, values: v, tokens: count, at: block.startIndex)
    }

    /// Takes a block through a layer whose keys and values are stored for the whole text of `length` tokens.
    private func advance(_ block: ArraySlice<Int>, _ x: FloatBuffer, _ layer: Gemma3.Layer, of length: Int) {
        let c = configuration, math = arithmetic, count = block.count
        var attention = layer.attention
        if c.isBidirectional { attention.positions = length }
        layer.rope.prepare(count, at: block.startIndex)
        math.normalize(x, layer.inputNorm, into: h, rows: count)
        math.multiply(h.start, count, (layer.query, q))
        math.normalize(q, layer.queryNorm, into: q, rows: count * c.queryHeads)  // q [T, N, D]
        layer.rope.rotate(q, heads: c.queryHeads, count)
        math.attend(q, layer.cache, attention, count, at: block.startIndex, into: o)  // o [T, N, D]
        math.multiply(o.start, count, (layer.output, h))  // h [T, H]
        math.addNormalized(h, layer.postAttentionNorm, to: x, rows: count)  // x += norm(h)

        math.normalize(x, layer.preFeedForwardNorm, into: h, rows: count)
        math.multiply(h.start, count, (layer.gate, gate), (layer.up, up))  // gate, up [T, F]
        math.gatedGELU(gate, up, count: count * c.intermediateSize)
        math.multiply(gate.start, count, (layer.down, h))  // h [T, H]
        math.addNormalized(h, layer.postFeedForwardNorm, to: x, rows: count)
    }
}
