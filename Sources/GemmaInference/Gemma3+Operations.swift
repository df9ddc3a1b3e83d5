internal import CGemmaKernels
import Foundation
internal import ModelFormats

/// All memory that a block of tokens moves through, made once: a token allocates nothing.
final class Activations {
    let x, h: FloatBuffer  // [T, H] the residual stream and what goes into or comes out of a sub-layer
    let q, o: FloatBuffer  // [T, N, D]
    let k, v: FloatBuffer  // [T, K, D]
    let gate, up: FloatBuffer  // [T, F]
    let logits: FloatBuffer  // [T, V]
    let scores: FloatBuffer  // [workers, capacity]
    let fullCosine, fullSine, slidingCosine, slidingSine: FloatBuffer  // [T, D/2]
    let fullFrequency, slidingFrequency: FloatBuffer  // [D/2]

    init(_ c: Gemma3Configuration, tokens: Int, capacity: Int, workers: Int) throws(InferenceError) {
        let half = c.headDimension / 2
        (x, h) = (try FloatBuffer(tokens * c.hiddenSize), try FloatBuffer(tokens * c.hiddenSize))
        let queryWidth = c.queryHeads * c.headDimension, keyWidth = c.keyValueHeads * c.headDimension
        (q, o) = (try FloatBuffer(tokens * queryWidth), try FloatBuffer(tokens * queryWidth))
        (k, v) = (try FloatBuffer(tokens * keyWidth), try FloatBuffer(tokens * keyWidth))
        (gate, up) = (try FloatBuffer(tokens * c.intermediateSize), try FloatBuffer(tokens * c.intermediateSize))
        logits = try FloatBuffer(tokens * c.vocabularySize)
        scores = try FloatBuffer(workers * capacity)
        (fullCosine, fullSine) = (try FloatBuffer(tokens * half), try FloatBuffer(tokens * half))
        (slidingCosine, slidingSine) = (try FloatBuffer(tokens * half), try FloatBuffer(tokens * half))
        (fullFrequency, slidingFrequency) = (try FloatBuffer(half), try FloatBuffer(half))
        for (frequency, rope) in [(fullFrequency, c.fullRoPE), (slidingFrequency, c.slidingRoPE)] {
            for pair in 0..<half {
                let exponent = Float(2 * pair) / Float(c.headDimension)
                frequency.start[pair] = 1 / powf(Float(rope.base), exponent) / Float(rope.factor)
            }
        }
    }
}

extension Gemma3 {
    /// x = embedding row * sqrt(H)
    func embed(_ tokens: ArraySlice<Int>, into x: FloatBuffer) {
        let width = configuration.hiddenSize, scale = Float(configuration.hiddenSize).squareRoot()
        let rowBytes = width * (embedding.element == gemma_f32 ? 4 : 2)
        for (row, token) in tokens.enumerated() {
            let out = x.start + row * width
            gemma_widen(embedding.base + token * rowBytes, embedding.element, width, out)
            for column in 0..<width { out[column] *= scale }
        }
    }

    /// Cosines and sines of position * frequency for the block, in F32 as transformers computes them.
    func rotations(_ count: Int) {
        let a = activations, half = configuration.headDimension / 2
        for (frequency, cosine, sine) in [
            (a.fullFrequency, a.fullCosine, a.fullSine), (a.slidingFrequency, a.slidingCosine, a.slidingSine),
        ] {
            for token in 0..<count {
                let place = Float(position + token)
                for pair in 0..<half {
                    let angle = place * frequency.start[pair]
                    cosine.start[token * half + pair] = cosf(angle)
                    sine.start[token * half + pair] = sinf(angle)
                }
            }
        }
    }

    /// RMSNorm: out = x / sqrt(mean(x^2) + eps) * scale, row by row.
    func normalize(_ x: FloatBuffer, _ scale: FloatBuffer, into out: FloatBuffer, _ rows: Int) {
        for row in 0..<rows {
            let from = x.start + row * scale.count, to = out.start + row * scale.count
            let factor = inverseRootMeanSquare(from, scale.count)
            for column in 0..<scale.count { to[column] = from[column] * factor * scale.start[column] }
        }
    }

    /// x += RMSNorm(h)
    func addNormalized(_ h: FloatBuffer, _ scale: FloatBuffer, to x: FloatBuffer, _ rows: Int) {
        for row in 0..<rows {
            let from = h.start + row * scale.count, to = x.start + row * scale.count
            let factor = inverseRootMeanSquare(from, scale.count)
            for column in 0..<scale.count { to[column] += from[column] * factor * scale.start[column] }
        }
    }

    /// RMSNorm of every head in place: x [T, heads, D] with one scale [D].
    func normalizeHeads(_ x: FloatBuffer, _ scale: FloatBuffer, _ heads: Int, _ rows: Int) {
        normalize(x, scale, into: x, rows * heads)
    }

    private func inverseRootMeanSquare(_ x: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
        var sum = 0.0
        for index in 0..<count { sum += Double(x[index]) * Double(x[index]) }
        return Float(1 / (sum / Double(count) + configuration.normEpsilon).squareRoot())
    }

    /// Rotates the pairs (j, j + D/2) of every head [T, heads, D] by the layer kind's angles.
    func rotate(_ x: FloatBuffer, _ heads: Int, _ kind: Gemma3Configuration.Attention, _ rows: Int) {
        let a = activations, half = configuration.headDimension / 2
        let (cosines, sines) = kind == .full ? (a.fullCosine, a.fullSine) : (a.slidingCosine, a.slidingSine)
        for row in 0..<rows {
            let cosine = cosines.start + row * half, sine = sines.start + row * half
            for head in 0..<heads {
                let first = x.start + (row * heads + head) * 2 * half, second = first + half
                for pair in 0..<half {
                    let (u, w) = (first[pair], second[pair])
                    first[pair] = u * cosine[pair] - w * sine[pair]
                    second[pair] = w * cosine[pair] + u * sine[pair]
                }
            }
        }
    }

    /// o = softmax(q . k / sqrt(queryPreAttentionScalar)) v over the positions that the layer's kind sees.
    func attend(_ layer: Layer, _ count: Int) {
        let c = configuration, a = activations
        var job = gemma_attention_job(
            kernels: kernels, queries: a.q.start, keys: layer.cache.keys.start, values: layer.cache.values.start,
            output: a.o.start, scores: a.scores.start, tokens: count, heads: c.queryHeads, kv_heads: c.keyValueHeads,
            head_dimension: c.headDimension, capacity: layer.cache.capacity, first_position: position,
            window: layer.attention == .sliding ? c.slidingWindow : 0,
            scale: Float(1 / c.queryPreAttentionScalar.squareRoot()))
        let work = count * c.queryHeads * c.headDimension * min(position + count, layer.cache.capacity)
        pool.run(gemma_attention_task, job: &job, shares: count * c.queryHeads, alone: work < Self.smallWork)
    }

    /// Multiply-adds below which one thread is quicker than waking the others.
    static let smallWork = 1 << 17

    /// A weight matrix and where its product goes.
    typealias Product = (matrix: Matrix, out: FloatBuffer)

    /// out [T, rows of W] = input [T, columns of W] times W transposed, for up to three matrices at once.
    func multiply(
        _ input: UnsafePointer<Float>, _ tokens: Int, _ first: Product, _ second: Product? = nil,
        _ third: Product? = nil
    ) {
        var job = gemma_product_job()
        job.kernels = kernels
        var work = 0
        func product(_ p: Product) -> gemma_product {
            job.count += 1
            work += p.matrix.rows * p.matrix.columns * tokens
            return gemma_product(
                weights: p.matrix.base, element: p.matrix.element, rows: p.matrix.rows, columns: p.matrix.columns,
                tokens: tokens, input: input, output: p.out.start, output_stride: p.matrix.rows)
        }
        job.products.0 = product(first)
        if let second { job.products.1 = product(second) }
        if let third { job.products.2 = product(third) }
        pool.run(gemma_product_task, job: &job, shares: gemma_product_shares(&job), alone: work < Self.smallWork)
    }
}
