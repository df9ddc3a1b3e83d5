internal import ModelFormats

/// Gemma 4, text: a decoder as Gemma 3, with head shapes of their own for full layers, which may also take the keys as
/// values; values are normalised, scores are not scaled, and a number of the layer's own scales the residual stream.
/// Further on, by configuration: a mixture of experts beside the feed-forward, inputs for every layer
/// (`PerLayerInputs`), and last layers that read the keys and values of earlier ones.
///
/// Shapes in the comments: T tokens of this block, H hidden size, F intermediate size, N query heads, K key-value heads
/// and D head dimension of the layer, V vocabulary rows.
final class Gemma4: LanguageModel {
    private let configuration: Gemma4Configuration
    private let arithmetic: Arithmetic
    private let embedding: Matrix  // [V, H]
    private let perLayerInputs: PerLayerInputs?
    private let layers: [Layer]
    private let fullRoPE, slidingRoPE: RotaryEmbedding
    private let head: OutputHead

    private let x, h: FloatBuffer  // [T, H] the residual stream and what goes into or comes out of a sub-layer
    private let q, o: FloatBuffer  // [T, N, D] of the widest layer
    private let k, v: FloatBuffer  // [T, K, D] of the widest layer
    private let gate, up: FloatBuffer  // [T, F] of the widest layer
    private let mixture: ExpertMixture?

    let capacity: Int
    private(set) var position = 0
    var vocabularySize: Int { configuration.vocabularySize }

    init(
        _ configuration: Gemma4Configuration, _ weights: ModelWeights, capacity: Int, pool: WorkerPool, memory: Memory
    ) throws {
        let c = configuration, tokens = Arithmetic.blockSize
        self.configuration = c
        self.capacity = capacity
        arithmetic = try Arithmetic(pool: pool, capacity: capacity, widestRow: weights.widestRow, memory: memory)
        embedding = try weights.table("embed_tokens")
        head = try OutputHead(
            weights, norm: try weights.norm("norm"), tied: embedding, softcap: c.logitSoftcap, memory: memory)
        perLayerInputs = try c.perLayerEmbedding.map {
            try PerLayerInputs(weights, layerCount: c.layers.count, width: $0.width, memory: memory)
        }
        func rope(_ kind: AttentionKind, _ rope: RoPE) throws -> RotaryEmbedding {
            let width = c.layers.first { $0.kind == kind }?.headDimension ?? 0
            return try RotaryEmbedding(rope, headDimension: width, memory: memory)
        }
        (fullRoPE, slidingRoPE) = (try rope(.full, c.fullRoPE), try rope(.sliding, c.slidingRoPE))
        var layers: [Layer] = []
        for (index, layer) in c.layers.enumerated() {
            let source = layer.keyValueSource == index ? nil : layers[layer.keyValueSource].cache
            layers.append(
                try Layer(
                    layer, of: c, weights.layer(index), rope: layer.kind == .full ? fullRoPE : slidingRoPE,
                    sharing: source, capacity: capacity, memory: memory))
        }
        self.layers = layers
        func widest(_ size: (Gemma4Configuration.Layer) -> Int) throws -> FloatBuffer {
            try memory.floats(tokens, c.layers.map(size).max() ?? 1)
        }
        (x, h) = (try memory.floats(tokens, c.hiddenSize), try memory.floats(tokens, c.hiddenSize))
        q = try widest { c.queryHeads * $0.headDimension }
        o = try widest { c.queryHeads * $0.headDimension }
        k = try widest { $0.keyValueHeads * $0.headDimension }
        v = try widest { $0.keyValueHeads * $0.headDimension }
        (gate, up) = (try widest(\.intermediateSize), try widest(\.intermediateSize))
        mixture = try c.experts.map { try ExpertMixture($0, hiddenSize: c.hiddenSize, memory: memory) }
    }

    func reset() { position = 0 }

    func forward(_ tokens: ArraySlice<Int>, logits wanted: LogitRows) -> UnsafeBufferPointer<Float> {
        checkBlock(tokens)
        let c = configuration, math = arithmetic, count = tokens.count
        // A text has nothing to put where the wrapper expects an image, a video or sound.
        let tokens = tokens.map { c.mediaTokens.contains($0) ? c.padding : $0 }[...]
        math.embed(tokens, embedding, scale: Float(c.hiddenSize).squareRoot(), into: x)  // x [T, H]
        perLayerInputs?.prepare(tokens, x, math)
        fullRoPE.prepare(count, at: position)
        slidingRoPE.prepare(count, at: position)
        for (index, layer) in layers.enumerated() {
            attend(layer, count)
            feedForward(layer, count)
            if let perLayerInputs, let block = layer.perLayerInput {
                perLayerInputs.apply(block, layer: index, to: x, count, into: h, math)  // h [T, H]
                math.addNormalized(h, block.norm, to: x, rows: count)
            }
            math.scale(x, by: layer.scalar, count: count * c.hiddenSize)
        }
        position += count
        return head(x, count, wanted, arithmetic)  // [T or 1, V]
    }

    /// x += norm(attention(norm(x)))
    private func attend(_ layer: Layer, _ count: Int) {
        let math = arithmetic, heads = layer.attention.heads
        math.normalize(x, layer.inputNorm, into: h, rows: count)  // h [T, H]
        if let own = layer.keyValue {
            let rows = count * layer.cache.kvHeads
            math.multiply(h.start, count, (layer.query, q), (own.key, k), own.value.map { ($0, v) })  // [T, K, D]
            math.normalize(own.value == nil ? k : v, own.valueNorm, into: v, rows: rows)
            math.normalize(k, own.keyNorm, into: k, rows: rows)
            layer.rope.rotate(k, heads: layer.cache.kvHeads, count)
            layer.cache.store(keys: k, values: v, tokens: count, at: position)
        } else {
            math.multiply(h.start, count, (layer.query, q))
        }
        math.normalize(q, layer.queryNorm, into: q, rows: count * heads)  // q [T, N, D]
        layer.rope.rotate(q, heads: heads, count)
        math.attend(q, layer.cache, layer.attention, count, at: position, into: o)  // o [T, N, D]
        math.multiply(o.start, count, (layer.output, h))  // h [T, H]
        math.addNormalized(h, layer.postAttentionNorm, to: x, rows: count)
    }

    /// x += norm(GeGLU(norm(x))), or with experts x += norm(norm(GeGLU(norm(x))) + experts(x)).
    private func feedForward(_ layer: Layer, _ count: Int) {
        let math = arithmetic
        math.normalize(x, layer.preFeedForwardNorm, into: h, rows: count)
        math.multiply(h.start, count, (layer.gate, gate), (layer.up, up))  // gate, up [T, F]
        math.gatedGELU(gate, up, count: count * layer.gate.rows)
        math.multiply(gate.start, count, (layer.down, h))  // h [T, H]
        if let mixture, let experts = layer.experts {
            math.normalize(h, experts.postDenseNorm, into: h, rows: count)
            math.add(mixture(x, count, experts, math), to: h, count: count * configuration.hiddenSize)
        }
        math.addNormalized(h, layer.postFeedForwardNorm, to: x, rows: count)
    }
}
