internal import CGemmaKernels
internal import ModelFormats

/// Gemma 3, text (arXiv 2503.19786): a decoder with grouped-query attention, five sliding-window layers to each full
/// one, RMSNorm before and after every sub-layer and on queries and keys, and a GeGLU feed-forward.
///
/// Activations are F32, weights are used as stored. Shapes in the comments: T tokens of this block, H hidden size,
/// F intermediate size, N query heads, K key-value heads, D head dimension, V vocabulary rows.
final class Gemma3: LanguageModel {
    /// A pass over the weights is memory-bound; 16 columns make it compute-bound (peers: 22 against 103 GFLOP/s).
    static let blockSize = 16

    struct Layer {
        let attention: Gemma3Configuration.Attention
        let inputNorm: FloatBuffer  // [H]
        let query, key, value: Matrix  // [N D, H], [K D, H], [K D, H]
        let queryNorm, keyNorm: FloatBuffer  // [D]
        let output: Matrix  // [H, N D]
        let postAttentionNorm: FloatBuffer  // [H]
        let preFeedForwardNorm: FloatBuffer  // [H]
        let gate, up: Matrix  // [F, H]
        let down: Matrix  // [H, F]
        let postFeedForwardNorm: FloatBuffer  // [H]
        let cache: KVCache
    }

    let configuration: Gemma3Configuration
    let embedding: Matrix  // [V, H]
    let layers: [Layer]
    let finalNorm: FloatBuffer  // [H]
    let head: Matrix  // [V, H], the embedding when tied
    let activations: Activations
    let pool: WorkerPool
    let kernels: UnsafePointer<gemma_kernels>
    let capacity: Int
    private(set) var position = 0

    var vocabularySize: Int { configuration.vocabularySize }
    var blockSize: Int { Self.blockSize }

    /// Keeps the mapping alive that the matrices point into.
    private let weights: MappedWeights

    init(
        _ configuration: Gemma3Configuration, names: ExpectedTensors, tensors: ModelTensors, weights: MappedWeights,
        capacity: Int, pool: WorkerPool
    ) throws {
        let c = configuration
        self.configuration = c
        self.weights = weights
        self.capacity = capacity
        self.pool = pool
        kernels = gemma_fastest_kernels()
        try Self.checkMemory(c, capacity: capacity, workers: pool.workerCount)
        let h = c.hiddenSize, f = c.intermediateSize, d = c.headDimension, p = names.prefix
        let embedding = try weights.matrix(p + "embed_tokens.weight", rows: c.vocabularySize, columns: h)
        self.embedding = embedding
        finalNorm = try weights.onePlus(p + "norm.weight", count: h)
        head = try Self.head(c, embedding: embedding, tensors: tensors, weights: weights)
        layers = try c.layers.enumerated().map { index, attention in
            func matrix(_ name: String, _ rows: Int, _ columns: Int) throws -> Matrix {
                try weights.matrix("\(p)layers.\(index).\(name).weight", rows: rows, columns: columns)
            }
            func norm(_ name: String, _ count: Int) throws -> FloatBuffer {
                try weights.onePlus("\(p)layers.\(index).\(name).weight", count: count)
            }
            let seen = Self.slots(attention, c, capacity: capacity)
            return Layer(
                attention: attention,
                inputNorm: try norm("input_layernorm", h),
                query: try matrix("self_attn.q_proj", c.queryHeads * d, h),
                key: try matrix("self_attn.k_proj", c.keyValueHeads * d, h),
                value: try matrix("self_attn.v_proj", c.keyValueHeads * d, h),
                queryNorm: try norm("self_attn.q_norm", d),
                keyNorm: try norm("self_attn.k_norm", d),
                output: try matrix("self_attn.o_proj", h, c.queryHeads * d),
                postAttentionNorm: try norm("post_attention_layernorm", h),
                preFeedForwardNorm: try norm("pre_feedforward_layernorm", h),
                gate: try matrix("mlp.gate_proj", f, h),
                up: try matrix("mlp.up_proj", f, h),
                down: try matrix("mlp.down_proj", h, f),
                postFeedForwardNorm: try norm("post_feedforward_layernorm", h),
                cache: try KVCache(capacity: seen, kvHeads: c.keyValueHeads, headDimension: d))
        }
        activations = try Activations(c, tokens: Self.blockSize, capacity: capacity, workers: pool.workerCount)
    }

    func reset() { position = 0 }

    func forward(_ tokens: ArraySlice<Int>, logits wanted: LogitRows) -> UnsafeBufferPointer<Float> {
        let a = activations, count = tokens.count
        // Callers check what comes from outside; this keeps a mistake of theirs from reading beyond a buffer.
        precondition(count <= blockSize && position + count <= capacity, "block over the capacity")
        precondition(tokens.allSatisfy { (0..<vocabularySize).contains($0) }, "token beyond the vocabulary")
        embed(tokens, into: a.x)  // x [T, H]
        rotations(count)  // cos, sin [T, D/2] of both kinds
        for layer in layers {
            normalize(a.x, layer.inputNorm, into: a.h, count)  // h [T, H]
            multiply(a.h.start, count, (layer.query, a.q), (layer.key, a.k), (layer.value, a.v))
            normalizeHeads(a.q, layer.queryNorm, configuration.queryHeads, count)  // q [T, N, D]
            normalizeHeads(a.k, layer.keyNorm, configuration.keyValueHeads, count)  // k [T, K, D]
            rotate(a.q, configuration.queryHeads, layer.attention, count)
            rotate(a.k, configuration.keyValueHeads, layer.attention, count)
            layer.cache.store(keys: a.k, values: a.v, tokens: count, at: position)
            attend(layer, count)  // o [T, N, D]
            multiply(a.o.start, count, (layer.output, a.h))  // h [T, H]
            addNormalized(a.h, layer.postAttentionNorm, to: a.x, count)  // x += norm(h)

            normalize(a.x, layer.preFeedForwardNorm, into: a.h, count)
            multiply(a.h.start, count, (layer.gate, a.gate), (layer.up, a.up))  // gate, up [T, F]
            kernels.pointee.gated_gelu(a.gate.start, a.up.start, count * configuration.intermediateSize)
            multiply(a.gate.start, count, (layer.down, a.h))  // h [T, H]
            addNormalized(a.h, layer.postFeedForwardNorm, to: a.x, count)
        }
        position += count
        return logits(wanted, count)  // [T or 1, V]
    }

    private func logits(_ wanted: LogitRows, _ count: Int) -> UnsafeBufferPointer<Float> {
        let a = activations, h = configuration.hiddenSize
        let rows =
            switch wanted {
            case .none: 0
            case .last: min(1, count)
            case .all: count
            }
        normalize(a.x, finalNorm, into: a.h, count)
        multiply(a.h.start + (count - rows) * h, rows, (head, a.logits))
        return UnsafeBufferPointer(start: a.logits.start, count: rows * vocabularySize)
    }

    /// The embedding when tied. A head that is stored all the same and differs is used, as transformers 5 does.
    private static func head(
        _ c: Gemma3Configuration, embedding: Matrix, tensors: ModelTensors, weights: MappedWeights
    ) throws -> Matrix {
        let heads = try c.headNames.filter { tensors[$0] != nil }.map { name in
            (name, matrix: try weights.matrix(name, rows: c.vocabularySize, columns: c.hiddenSize))
        }
        guard let (name, head) = heads.first else { return embedding }
        for (other, matrix) in heads.dropFirst() where !MappedWeights.areEqual(head, matrix) {
            throw InferenceError.tensor(
                name: name, expected: "the values of \(other), or one of them alone", got: "two different heads")
        }
        return c.tiesWordEmbeddings && MappedWeights.areEqual(head, embedding) ? embedding : head
    }
}
