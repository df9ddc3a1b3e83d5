import Foundation
internal import ModelFormats

/// Gemma 3n, text. A decoder like Gemma 3's with, in every layer:
/// - AltUp (arXiv 2301.13310): N copies of the residual stream, of which the layer reads and writes the active one;
/// - LAuReL (arXiv 2411.07501): a learned low-rank residual beside attention;
/// - activation sparsity (arXiv 2506.06644): the gate of some layers keeps its largest numbers only;
/// - an input of the layer's own, looked up by token (`PerLayerInputs`);
/// - and, in the last layers, keys and values of an earlier layer of the same kind.
///
/// Norms store the factor itself, scores are not scaled, values are normed without a learned factor.
///
/// Shapes in the comments: T tokens of this block, H hidden size, F intermediate size, N streams, Q query heads, K
/// key-value heads, D head dimension, R rank of LAuReL, V vocabulary rows.
final class Gemma3n: LanguageModel {
    let configuration: Gemma3nConfiguration
    let math: Arithmetic
    private let embedding: Matrix  // [V, H]
    private let embedders: [MultimodalEmbedder]
    private let perLayerInputs: PerLayerInputs
    private let streamProjections, streamUnprojections: [Linear]  // N - 1 times [H, H]
    private let layers: [Layer]
    private let fullRoPE, slidingRoPE: RotaryEmbedding
    private let head: OutputHead

    let streams, predictions: [FloatBuffer]  // N times [T, H]: before a layer, and what AltUp predicts for after it
    let x, h, a: FloatBuffer  // [T, H] the active stream in a layer, what goes through a sub-layer, its normed input
    let modalities, coefficients: FloatBuffer  // [T, N] and [T, N, N] of AltUp
    private let left: FloatBuffer  // [T, R]
    private let q, o: FloatBuffer  // [T, Q, D]
    private let k, v: FloatBuffer  // [T, K, D]
    private let gate, up: FloatBuffer  // [T, widest F]

    let capacity: Int
    private(set) var position = 0
    var vocabularySize: Int { configuration.vocabularySize }

    init(
        _ configuration: Gemma3nConfiguration, _ weights: ModelWeights, capacity: Int, pool: WorkerPool, memory: Memory
    ) throws {
        let c = configuration, tokens = Arithmetic.blockSize
        self.configuration = c
        self.capacity = capacity
        math = try Arithmetic(pool: pool, capacity: capacity, widestRow: weights.widestRow, memory: memory)
        embedding = try weights.table("embed_tokens")
        embedders = try c.multimodalEmbedders.map { try MultimodalEmbedder($0, weights, memory: memory) }
        head = try OutputHead(
            weights, norm: try weights.norm("norm"), tied: embedding, softcap: c.finalSoftcap, memory: memory)
        perLayerInputs = try PerLayerInputs(
            weights, layerCount: c.layers.count, width: c.perLayerInputSize, memory: memory)
        streamProjections = try (1..<c.altUp.streams).map { try weights.linear("altup_projections.\($0 - 1)") }
        streamUnprojections = try (1..<c.altUp.streams).map {
            try weights.linear("altup_unembed_projections.\($0 - 1)")
        }
        let full = try RotaryEmbedding(c.fullRoPE, headDimension: c.headDimension, memory: memory)
        let sliding = try RotaryEmbedding(c.slidingRoPE, headDimension: c.headDimension, memory: memory)
        (fullRoPE, slidingRoPE) = (full, sliding)

        var layers: [Layer] = []
        for (index, layer) in c.layers.enumerated() {
            let cache =
                if let source = layer.keyValueSource {
                    layers[source].cache
                } else {
                    try KVCache(
                        tokens: capacity, window: c.window(layer.kind), kvHeads: c.keyValueHeads,
                        headDimension: c.headDimension, memory: memory)
                }
            layers.append(
                try Layer(c, layer, weights.layer(index), rope: layer.kind == .full ? full : sliding, cache: cache))
        }
        self.layers = layers

        streams = try (0..<c.altUp.streams).map { _ in try memory.floats(tokens, c.hiddenSize) }
        predictions = try (0..<c.altUp.streams).map { _ in try memory.floats(tokens, c.hiddenSize) }
        (x, h) = (try memory.floats(tokens, c.hiddenSize), try memory.floats(tokens, c.hiddenSize))
        a = try memory.floats(tokens, c.hiddenSize)
        modalities = try memory.floats(tokens, c.altUp.streams)
        coefficients = try memory.floats(tokens, c.altUp.streams, c.altUp.streams)
        left = try memory.floats(tokens, c.laurelRank)
        let (n, kv, d) = (c.queryHeads, c.keyValueHeads, c.headDimension)
        (q, o) = (try memory.floats(tokens, n, d), try memory.floats(tokens, n, d))
        (k, v) = (try memory.floats(tokens, kv, d), try memory.floats(tokens, kv, d))
        let widest = c.layers.map(\.intermediateSize).max() ?? 1
        (gate, up) = (try memory.floats(tokens, widest), try memory.floats(tokens, widest))
    }

    func reset() { position = 0 }

    func forward(_ tokens: ArraySlice<Int>, logits wanted: LogitRows) -> UnsafeBufferPointer<Float> {
        checkBlock(tokens)
        let count = tokens.count
        math.embed(tokens, embedding, scale: Float(configuration.hiddenSize).squareRoot(), into: streams[0])
        for embedder in embedders { embedder.embed(tokens, into: streams[0], math) }  // streams[0] [T, H]
        let rows = tokens.map { $0 < configuration.perLayerVocabularySize ? $0 : 0 }
        perLayerInputs.prepare(rows[...], streams[0], math)
        for (projection, stream) in zip(streamProjections, streams.dropFirst()) {
            math.multiply(streams[0].start, count, (projection, stream))
            matchMagnitude(of: stream, to: streams[0], count)
        }
        fullRoPE.prepare(count, at: position)
        slidingRoPE.prepare(count, at: position)
        for (index, layer) in layers.enumerated() {
            predict(layer.altUp, count)
            attend(layer, count)
            feedForward(layer, count)
            correct(layer.altUp, count)
            addPerLayerInput(index, layer, count)
        }
        position += count
        averageStreams(count)
        return head(x, count, wanted, math)  // [T or 1, V]
    }

    /// x = (p + norm(attention(norm(p))) + laurel(norm(p))) / sqrt(2), where p is the active prediction.
    private func attend(_ layer: Layer, _ count: Int) {
        let c = configuration, active = predictions[c.altUp.active]
        math.normalize(active, layer.inputNorm, into: a, rows: count)  // a [T, H]
        if let own = layer.keysAndValues {
            math.multiply(a.start, count, (layer.query, q), (own.key, k), (own.value, v))
            math.normalize(k, own.keyNorm, into: k, rows: count * c.keyValueHeads)  // k [T, K, D]
            math.normalize(v, own.valueNorm, into: v, rows: count * c.keyValueHeads)
            layer.rope.rotate(k, heads: c.keyValueHeads, count)
            layer.cache.store(keys: k, values: v, tokens: count, at: position)
        } else {
            math.multiply(a.start, count, (layer.query, q))
        }
        math.normalize(q, layer.queryNorm, into: q, rows: count * c.queryHeads)  // q [T, Q, D]
        layer.rope.rotate(q, heads: c.queryHeads, count)
        math.attend(q, layer.cache, layer.attention, count, at: position, into: o)  // o [T, Q, D]
        math.multiply(o.start, count, (layer.output, h))  // h [T, H]
        x.start.update(from: active.start, count: count * c.hiddenSize)
        math.addNormalized(h, layer.postAttentionNorm, to: x, rows: count)

        math.multiply(a.start, count, (layer.laurelLeft, left))  // left [T, R]
        math.multiply(left.start, count, (layer.laurelRight, h))
        math.addNormalized(h, layer.postLaurelNorm, to: a, rows: count)  // a += norm(h)
        math.add(a, to: x, count: count * c.hiddenSize)
        math.scale(x, by: Float(0.5).squareRoot(), count: count * c.hiddenSize)
    }

    /// x += norm(down(gelu(gate) * up)) of norm(x)
    private func feedForward(_ layer: Layer, _ count: Int) {
        math.normalize(x, layer.preFeedForwardNorm, into: h, rows: count)
        math.multiply(h.start, count, (layer.gate, gate), (layer.up, up))  // gate, up [T, F]
        layer.topActivations?.keep(gate, rows: count, width: layer.gate.rows)
        math.gatedGELU(gate, up, count: count * layer.gate.rows)
        math.multiply(gate.start, count, (layer.down, h))  // h [T, H]
        math.addNormalized(h, layer.postFeedForwardNorm, to: x, rows: count)
    }

    /// Adds norm(projection(gelu(gate(s)) * input)), where s is the active stream, to every stream but the first.
    private func addPerLayerInput(_ index: Int, _ layer: Layer, _ count: Int) {
        let c = configuration
        h.start.update(from: streams[c.altUp.active].start, count: count * c.hiddenSize)
        if let scale = layer.correctedOutputScale { math.multiply(h, by: scale, rows: count) }
        perLayerInputs.apply(layer.perLayerInput, layer: index, to: h, count, into: h, math)
        math.normalize(h, layer.perLayerInput.norm, into: h, rows: count)
        for stream in streams.dropFirst() { math.add(h, to: stream, count: count * c.hiddenSize) }
    }

    /// x = the mean of the streams, all but the first projected back and brought to the first one's magnitude.
    private func averageStreams(_ count: Int) {
        let c = configuration
        x.start.update(from: streams[0].start, count: count * c.hiddenSize)
        for (projection, stream) in zip(streamUnprojections, streams.dropFirst()) {
            math.multiply(stream.start, count, (projection, h))
            matchMagnitude(of: h, to: streams[0], count)
            math.add(h, to: x, count: count * c.hiddenSize)
        }
        math.scale(x, by: 1 / Float(c.altUp.streams), count: count * c.hiddenSize)
    }
}
