internal import CGemmaKernels
internal import ModelFormats

/// An adapter's tensors, mapped, and what is computed from them and the base once: DoRA's row scales.
final class AdapterWeights {
    let modules: AdaptedModules
    let mapped: MappedWeights
    let pool: WorkerPool
    private var rowScales: [String: FloatBuffer] = [:]
    private var transposed: [String: FloatBuffer] = [:]

    init(_ adapter: Adapter, _ modules: AdaptedModules, pool: WorkerPool) throws(InferenceError) {
        self.modules = modules
        self.pool = pool
        mapped = try MappedWeights(adapter.tensors, .mapped)
    }

    func checkSizes() throws(InferenceError) { try mapped.checkSizes() }

    /// The largest rank of any low-rank update.
    var largestRank: Int { modules.updates.values.map(\.rank).max() ?? 1 }

    /// Whether no low-rank update has an effect: every `up` (for embeddings `down`) as stored is zero, as PEFT starts.
    var isUntrained: Bool {
        !modules.updates.isEmpty && modules.replacements.isEmpty && modules.rows.isEmpty
            && modules.updates.values.allSatisfy { update in
                guard let matrix = try? mapped.matrix((update.isTransposed ? update.down : update.up).name) else {
                    return false
                }
                // Negative zeros count as values; no training leaves only those.
                return UnsafeRawBufferPointer(start: matrix.stored.values, count: matrix.byteCount).allSatisfy {
                    $0 == 0
                }
            }
    }

    /// The adapter's tensor in the place of the base's `name`, nil when it has none.
    func replacement(_ name: String) throws(InferenceError) -> Matrix? {
        guard let tensor = modules.replacements[name] else { return nil }
        return try mapped.matrix(tensor.name)
    }

    /// The matrix of the base's `name` with the adapter's changes. `inner` and `change` are the scratch memory of
    /// `LowRankUpdate`.
    func adapt(
        _ matrix: Matrix, _ name: String, inner: FloatBuffer, change: FloatBuffer, memory: Memory
    ) throws(InferenceError) -> Matrix {
        var adapted = matrix
        if let update = modules.updates[name] {
            adapted.update = try lowRank(update, name, matrix, inner: inner, change: change, memory: memory)
        }
        if let rows = modules.rows[name] {
            adapted.replaced = ReplacedRows(
                positions: Dictionary(uniqueKeysWithValues: rows.tokens.enumerated().map { ($1, $0) }),
                values: try mapped.matrix(rows.values.name).stored,
                products: try memory.floats(Arithmetic.blockSize, rows.tokens.count), owner: mapped)
        }
        return adapted
    }

    private func lowRank(
        _ update: AdaptedModules.Update, _ name: String, _ matrix: Matrix, inner: FloatBuffer, change: FloatBuffer,
        memory: Memory
    ) throws(InferenceError) -> LowRankUpdate {
        let up = try part(update.up, isTransposed: update.isTransposed, memory: memory)
        let down = try part(update.down, isTransposed: update.isTransposed, memory: memory)
        var low = LowRankUpdate(
            up: up, down: down, scale: Float(update.scale), rowScale: rowScales[name], inner: inner, change: change,
            owner: self)
        if let magnitude = update.magnitude, low.rowScale == nil {
            let scales = try memory.floats(matrix.rows)
            var lengths = try mapped.matrix(magnitude.name).stored
            gemma_scalar_kernels().pointee.expand(&lengths, 0, scales.start)
            try divide(scales, byRowsOf: matrix, low, memory: memory)
            rowScales[name] = scales
            low = LowRankUpdate(
                up: up, down: down, scale: low.scale, rowScale: scales, inner: inner, change: change, owner: self)
        }
        return low
    }

    /// A stored part, or its transposed copy in F32.
    func part(_ tensor: Tensor, isTransposed: Bool, memory: Memory) throws(InferenceError) -> gemma_matrix {
        var stored = try mapped.matrix(tensor.name).stored
        guard isTransposed else { return stored }
        let columns = stored.rows
        let copy: FloatBuffer
        if let known = transposed[tensor.name] {
            copy = known
        } else {
            copy = try memory.floats(stored.columns, columns)
            let row = try memory.floats(stored.columns)
            for column in 0..<columns {
                gemma_scalar_kernels().pointee.expand(&stored, column, row.start)
                for index in 0..<stored.columns { copy.start[index * columns + column] = row.start[index] }
            }
            transposed[tensor.name] = copy
        }
        return gemma_matrix(
            values: UnsafeRawPointer(copy.start), element: gemma_f32, rows: stored.columns, columns: columns,
            row_bytes: columns * MemoryLayout<Float>.stride)
    }

    /// DoRA: lengths[row] /= |W + scale * up down| of that row, a few rows at a time, whatever W is stored as.
    private func divide(
        _ lengths: FloatBuffer, byRowsOf matrix: Matrix, _ update: LowRankUpdate, memory: Memory
    ) throws(InferenceError) {
        let rank = update.rank, columns = matrix.columns
        let down = try memory.floats(rank, columns)
        var stored = update.down
        for row in 0..<rank {
            gemma_scalar_kernels().pointee.expand(&stored, row, down.start + row * columns)
        }
        let scratch = try memory.floats(pool.workerCount, columns + rank)
        var job = RowLengths(
            kernels: gemma_fastest_kernels(), matrix: matrix.stored, groups: matrix.groups, up: update.up,
            down: down.start, rank: rank, scale: update.scale, lengths: lengths.start, scratch: scratch.start)
        let shares = (matrix.rows + RowLengths.rowsPerShare - 1) / RowLengths.rowsPerShare
        withExtendedLifetime((down, scratch)) { pool.run(RowLengths.task, job: &job, shares: shares) }
        matrix.release()
    }
}

/// The job behind `AdapterWeights.divide`.
private struct RowLengths {
    static let rowsPerShare = 64

    let kernels: UnsafePointer<gemma_kernels>
    var matrix: gemma_matrix
    var groups: gemma_groups?
    var up: gemma_matrix
    let down: UnsafePointer<Float>  // [rank, columns]
    let rank: Int
    let scale: Float
    let lengths: UnsafeMutablePointer<Float>  // [rows]
    let scratch: UnsafeMutablePointer<Float>  // [workers, columns + rank]

    static let task: gemma_task = { context, share, worker in
        guard var job = context?.load(as: RowLengths.self) else { return }
        let columns = job.matrix.columns, row = job.scratch + worker * (columns + job.rank), up = row + columns
        let first = share * rowsPerShare
        for index in first..<min(first + rowsPerShare, job.matrix.rows) {
            if var groups = job.groups {
                gemma_groups_expand(&groups, index, row)
            } else {
                job.kernels.pointee.expand(&job.matrix, index, row)
            }
            job.kernels.pointee.expand(&job.up, index, up)
            for part in 0..<job.rank {
                job.kernels.pointee.add_scaled(row, job.down + part * columns, job.scale * up[part], columns)
            }
            var sum = 0.0
            for column in 0..<columns { sum += Double(row[column]) * Double(row[column]) }
            job.lengths[index] /= Float(sum.squareRoot())
        }
    }
}
