internal import CGemmaKernels
import Foundation

/// The operations that forward passes are written in, on the cores of this machine. They know nothing of any model.
///
/// Activations are F32, weights are used as stored. T is the number of tokens of a block; every buffer's rows follow
/// each other without gaps.
final class Arithmetic {
    /// A pass over the weights is memory-bound; 16 columns make it compute-bound (peers: 22 against 103 GFLOP/s).
    static let blockSize = 16
    /// Multiply-adds below which one thread is quicker than waking the others.
    private static let smallWork = 1 << 17

    private let kernels: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()
    private let pool: WorkerPool
    private let scores: FloatBuffer  // [workers, gemma_tokens_per_share, capacity]
    private let panels: FloatBuffer  // [workers, gemma_groups_panel_rows, widest row], for grouped codes

    /// - Parameters:
    ///   - capacity: the longest text, in tokens.
    ///   - widestRow: the largest number of columns of any matrix.
    init(pool: WorkerPool, capacity: Int, widestRow: Int, memory: Memory) throws(InferenceError) {
        self.pool = pool
        scores = try memory.floats(pool.workerCount, Int(gemma_tokens_per_share), capacity)
        panels = try memory.floats(pool.workerCount, Int(gemma_groups_panel_rows), widestRow)
    }

    /// out [T, H] = scale * the embedding's rows of the tokens.
    func embed(_ tokens: ArraySlice<Int>, _ embedding: Matrix, scale: Float, into out: FloatBuffer) {
        for (row, token) in tokens.enumerated() {
            let to = out.start + row * embedding.columns
            if let replaced = embedding.replaced, let position = replaced.positions[token] {
                var values = replaced.values
                kernels.pointee.expand(&values, position, to)
            } else {
                embedding.expand(token, into: to, kernels)
                embedding[token..<(token + 1)].release()
                embedding.update?.apply(toRow: token, to, kernels)
            }
            for column in 0..<embedding.columns { to[column] *= scale }
        }
    }

    /// A linear layer and where its product goes.
    typealias Product = (layer: Linear, out: FloatBuffer)

    /// out [T, rows of W] = input [T, columns of W] times W transposed, for up to three layers at once.
    func multiply(
        _ input: UnsafePointer<Float>, _ tokens: Int, _ first: Product, _ second: Product? = nil,
        _ third: Product? = nil
    ) {
        var job = gemma_product_job()
        job.kernels = UnsafePointer(kernels)
        var work = 0
        func add(_ p: Product) {
            let weight = p.layer.weight
            if let groups = weight.groups {
                multiply(groups, input, tokens, into: p.out.start)
                return weight.release()
            }
            for rows in weight.panels {
                let panel = weight[rows]
                let product = gemma_product(
                    weights: panel.stored, tokens: tokens, input: input, input_stride: weight.columns,
                    output: p.out.start + rows.lowerBound, output_stride: p.layer.rows)
                switch job.count {
                case 0: job.products.0 = product
                case 1: job.products.1 = product
                default: job.products.2 = product
                }
                job.count += 1
                work += rows.count * weight.columns * tokens
                guard weight.mapping != nil else { continue }
                run()
                panel.release()
            }
        }
        func run() {
            pool.run(gemma_product_task, job: &job, shares: gemma_product_shares(&job), alone: work < Self.smallWork)
            (job.count, work) = (0, 0)
        }
        add(first)
        if let second { add(second) }
        if let third { add(third) }
        run()
        adapt(first, input, tokens)
        if let second { adapt(second, input, tokens) }
        if let third { adapt(third, input, tokens) }
    }

    /// Brings W x to what an adapter makes of it.
    private func adapt(_ product: Product, _ input: UnsafePointer<Float>, _ tokens: Int) {
        if let update = product.layer.weight.update {
            multiply(update.down, input, tokens, into: update.inner.start)  // [T, rank]
            multiply(update.up, update.inner.start, tokens, into: update.change.start)  // [T, rows]
            update.add(to: product.out.start, tokens: tokens)
        }
        if let replaced = product.layer.weight.replaced {
            multiply(replaced.values, input, tokens, into: replaced.products.start)  // [T, n]
            for token in 0..<tokens {
                let to = product.out.start + token * product.layer.rows
                let from = replaced.products.start + token * replaced.values.rows
                for (row, position) in replaced.positions { to[row] = from[position] }
            }
        }
    }

    /// The same for codes with scales, a few rows of which are expanded at a time.
    private func multiply(
        _ groups: gemma_groups, _ input: UnsafePointer<Float>, _ tokens: Int, into out: UnsafeMutablePointer<Float>
    ) {
        var job = gemma_groups_job(
            kernels: UnsafePointer(kernels), matrix: groups, tokens: tokens, input: input, output: out,
            output_stride: groups.rows, panels: panels.start, panel_stride: panels.count / pool.workerCount)
        let work = groups.rows * groups.columns * (tokens + 4)
        pool.run(gemma_groups_task, job: &job, shares: gemma_groups_shares(&job), alone: work < Self.smallWork)
    }

    /// out [T, rows] = input [T, columns] times the matrix transposed.
    private func multiply(
        _ matrix: gemma_matrix, _ input: UnsafePointer<Float>, _ tokens: Int, into out: UnsafeMutablePointer<Float>
    ) {
        var job = gemma_product_job()
        job.kernels = UnsafePointer(kernels)
        job.count = 1
        job.products.0 = gemma_product(
            weights: matrix, tokens: tokens, input: input, input_stride: matrix.columns, output: out,
            output_stride: matrix.rows)
        let work = matrix.rows * matrix.columns * tokens
        pool.run(gemma_product_task, job: &job, shares: gemma_product_shares(&job), alone: work < Self.smallWork)
    }

    /// RMSNorm (arXiv 1910.07467): out = x / sqrt(mean(x^2) + eps) * scale, row by row. `out` may be x. For heads, a row
    /// is a head: x [T, heads, D] has T * heads rows.
    func normalize(_ x: FloatBuffer, _ norm: RMSNorm, into out: FloatBuffer, rows: Int) {
        for row in 0..<rows {
            let from = x.start + row * norm.width, to = out.start + row * norm.width
            let factor = norm.inverseRootMeanSquare(from)
            for column in 0..<norm.width { to[column] = from[column] * factor * norm.scale.start[column] }
        }
    }

    /// x += RMSNorm(h)
    func addNormalized(_ h: FloatBuffer, _ norm: RMSNorm, to x: FloatBuffer, rows: Int) {
        for row in 0..<rows {
            let from = h.start + row * norm.width, to = x.start + row * norm.width
            let factor = norm.inverseRootMeanSquare(from)
            for column in 0..<norm.width { to[column] += from[column] * factor * norm.scale.start[column] }
        }
    }

    /// x += y, for `count` numbers.
    func add(_ y: FloatBuffer, to x: FloatBuffer, count: Int) {
        for index in 0..<count { x.start[index] += y.start[index] }
    }

    /// x *= factor, for `count` numbers.
    func scale(_ x: FloatBuffer, by factor: Float, count: Int) {
        for index in 0..<count { x.start[index] *= factor }
    }

    /// x *= factors, row by row of x [rows, width of `factors`].
    func multiply(_ x: FloatBuffer, by factors: FloatBuffer, rows: Int) {
        for row in 0..<rows {
            let to = x.start + row * factors.count
            for column in 0..<factors.count { to[column] *= factors.start[column] }
        }
    }

    /// x += factor * y, for `count` numbers.
    func addScaled(
        _ y: UnsafePointer<Float>, _ factor: Float, to x: UnsafeMutablePointer<Float>, count: Int
    ) {
        kernels.pointee.add_scaled(x, y, factor, count)
    }

    /// Each row of x [rows, width] = exp(x) / sum of exp(x).
    func softmax(_ x: FloatBuffer, rows: Int, width: Int) {
        for row in 0..<rows { kernels.pointee.softmax(x.start + row * width, width) }
    }

    /// gate = gelu_tanh(gate) * up, for `count` numbers.
    func gatedGELU(_ gate: FloatBuffer, _ up: FloatBuffer, count: Int) {
        kernels.pointee.gated_gelu(gate.start, up.start, count)
    }

    /// values = cap * tanh(values / cap), for `count` numbers.
    func softcap(_ values: FloatBuffer, _ cap: Float, count: Int) {
        kernels.pointee.softcap(values.start, cap, count)
    }

    /// How a layer's queries meet its keys.
    struct Attention {
        let heads: Int
        /// Nil when every position up to the query's own is seen.
        let window: Int?
        /// The length of a text whose tokens see those after them too, as far as the window reaches; nil looks back only.
        var positions: Int? = nil
        /// The factor on q . k.
        let scale: Float
        /// Bounds the scaled scores to cap * tanh(score / cap); nil leaves them.
        var softcap: Float? = nil
    }

    /// out [T, heads, D] = softmax(q . k * scale) v over the positions seen. `queries` [T, heads, D] are those of
    /// `position` and after; the cache already holds their keys and values.
    func attend(
        _ queries: FloatBuffer, _ cache: KVCache, _ attention: Attention, _ tokens: Int, at position: Int,
        into out: FloatBuffer
    ) {
        var job = gemma_attention_job(
            kernels: UnsafePointer(kernels), queries: queries.start, keys: cache.keys.start,
            values: cache.values.start, output: out.start, scores: scores.start, tokens: tokens,
            heads: attention.heads, kv_heads: cache.kvHeads, head_dimension: cache.headDimension,
            capacity: cache.capacity, first_position: position, window: attention.window ?? 0,
            positions: attention.positions ?? 0, scale: attention.scale, softcap: attention.softcap ?? 0)
        let work = tokens * attention.heads * cache.headDimension * min(position + tokens, cache.capacity)
        pool.run(gemma_attention_task, job: &job, shares: gemma_attention_shares(&job), alone: work < Self.smallWork)
    }
}

/// The learned scale of an RMSNorm over rows of `width` numbers, in the form that multiplies.
struct RMSNorm {
    let scale: FloatBuffer  // [width]
    let epsilon: Double

    var width: Int { scale.count }

    /// 1 / sqrt(mean(x^2) + eps) of one row.
    func inverseRootMeanSquare(_ x: UnsafePointer<Float>) -> Float {
        var sum = 0.0
        for index in 0..<width { sum += Double(x[index]) * Double(x[index]) }
        return Float(1 / (sum / Double(width) + epsilon).squareRoot())
    }
}
