internal import CGemmaKernels
internal import ModelFormats

extension AdapterWeights {
    /// The size of every change, in order of the names, from products of rank times rank: no update is multiplied out.
    /// - Parameter base: the weights that the adapter is for; `embedding` stands for a head that they do not store.
    func updates(of base: MappedWeights, embedding: String) throws(InferenceError) -> [AdapterUpdate] {
        var found: [AdapterUpdate] = []
        for name in Set(modules.updates.keys).union(modules.replacements.keys).union(modules.rows.keys).sorted() {
            let stored = try base.matrix(base.tensors.holds(name) ? name : embedding)
            let memory = Memory(forTokens: 0)
            defer { stored.release() }
            if let update = modules.updates[name] {
                let matrix = try replacement(name) ?? stored
                found.append(try measure(update, name, matrix, memory: memory))
            } else if let replaced = try replacement(name) {
                // A GGUF file holds the norms of Gemma 1 to 3 plus 1.
                let shift = base.tensors.normsAreScales && name.hasSuffix("norm.weight") ? 1.0 : 0
                found.append(
                    try compare(
                        name, replaced, with: stored, rows: Array(0..<stored.rows), shift: shift, memory: memory))
            } else if let rows = modules.rows[name] {
                let values = try mapped.matrix(rows.values.name)
                found.append(try compare(name, values, with: stored, rows: rows.tokens, memory: memory))
            }
        }
        return found
    }

    /// `changed` row by row against the `rows` of `stored`.
    private func compare(
        _ name: String, _ changed: Matrix, with stored: Matrix, rows: [Int], shift: Double = 0, memory: Memory
    ) throws(InferenceError) -> AdapterUpdate {
        var update = AdapterUpdate(name: name)
        let old = try memory.floats(stored.columns), new = try memory.floats(stored.columns)
        for (index, row) in rows.enumerated() where index < changed.rows && row < stored.rows {
            stored.expand(row, into: old.start, gemma_scalar_kernels())
            changed.expand(index, into: new.start, gemma_scalar_kernels())
            for column in 0..<stored.columns {
                let before = Double(old.start[column]), after = Double(new.start[column]) + shift
                update.base += before * before
                update.change += (after - before) * (after - before)
            }
        }
        return update
    }

    /// With G = A A^T and P = W A^T, row i of U = W + s B A has |U_i|^2 = |W_i|^2 + 2 s B_i . P_i + s^2 B_i G B_i^T, and
    /// DoRA makes it c_i U_i with c_i = m_i / |U_i|.
    private func measure(
        _ update: AdaptedModules.Update, _ name: String, _ matrix: Matrix, memory: Memory
    ) throws(InferenceError) -> AdapterUpdate {
        let rank = update.rank, columns = matrix.columns, panel = Self.rowsAtOnce
        var down = try part(update.down, isTransposed: update.isTransposed, memory: memory)
        let up = try part(update.up, isTransposed: update.isTransposed, memory: memory)
        let a = try memory.floats(rank, columns), gram = try memory.floats(rank, rank)
        for row in 0..<rank { gemma_scalar_kernels().pointee.expand(&down, row, a.start + row * columns) }
        let factor = gemma_matrix(rows: rank, columns: columns, of: a),
            square = gemma_matrix(rows: rank, columns: rank, of: gram)
        for row in stride(from: 0, to: rank, by: panel) {
            multiply(factor, a.start + row * columns, min(panel, rank - row), into: gram.start + row * rank)
        }
        let lengths = try memory.floats(matrix.rows)
        if let magnitude = update.magnitude {
            var stored = try mapped.matrix(magnitude.name).stored
            gemma_scalar_kernels().pointee.expand(&stored, 0, lengths.start)
        }
        let scratch = try memory.floats(pool.workerCount, panel, columns + 3 * rank)
        let shares = (matrix.rows + panel - 1) / panel, scale = update.scale, hasLengths = update.magnitude != nil
        var parts = [AdapterUpdate](repeating: AdapterUpdate(name: name), count: shares)
        parts.withUnsafeMutableBufferPointer { parts in
            nonisolated(unsafe) let parts = parts
            pool.perform(shares) { share, worker in
                let w = scratch.start + worker * panel * (columns + 3 * rank), b = w + panel * columns
                let p = b + panel * rank, bg = p + panel * rank
                let first = share * panel, count = min(panel, matrix.rows - first)
                var up = up
                for row in 0..<count {
                    matrix.expand(first + row, into: w + row * columns, gemma_fastest_kernels())
                    gemma_fastest_kernels().pointee.expand(&up, first + row, b + row * rank)
                }
                multiply(factor, w, count, into: p)
                multiply(square, b, count, into: bg)
                for row in 0..<count {
                    let rowOfW = w + row * columns, rowOfB = b + row * rank
                    parts[share].add(
                        base: dot(rowOfW, rowOfW, columns), overlap: scale * dot(rowOfB, p + row * rank, rank),
                        update: max(0, scale * scale * dot(rowOfB, bg + row * rank, rank)),
                        length: hasLengths ? Double(lengths.start[first + row]) : nil)
                }
            }
        }
        // In order of the rows, whoever was done first: sums come out the same.
        return parts.reduce(into: AdapterUpdate(name: name)) { $0.add($1) }
    }

    private static let rowsAtOnce = 64

    /// out [tokens, rows of the matrix] = input [tokens, columns] times the matrix transposed, on this thread.
    private func multiply(
        _ matrix: gemma_matrix, _ input: UnsafePointer<Float>, _ tokens: Int, into out: UnsafeMutablePointer<Float>
    ) {
        var product = gemma_product(
            weights: matrix, tokens: tokens, input: input, input_stride: matrix.columns, output: out,
            output_stride: matrix.rows)
        gemma_fastest_kernels().pointee.product(&product, 0, matrix.rows)
    }

    private func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Double {
        var sum = 0.0
        for index in 0..<count { sum += Double(x[index]) * Double(y[index]) }
        return sum
    }
}

extension AdapterUpdate {
    fileprivate mutating func add(_ rows: AdapterUpdate) {
        base += rows.base
        change += rows.change
        update += rows.update
        overlap += rows.overlap
    }

    /// Adds one row: |W_i|^2, W_i . (s B A)_i, |(s B A)_i|^2 and, with DoRA, the length that the sum is brought to.
    fileprivate mutating func add(base: Double, overlap: Double, update: Double, length: Double?) {
        self.base += base
        self.overlap += overlap
        self.update += update
        guard let length else {
            change += update
            return
        }
        let sum = max(0, base + 2 * overlap + update)
        let factor = sum > 0 ? length / sum.squareRoot() : 0
        change += max(0, factor * factor * sum - 2 * factor * (base + overlap) + base)
    }
}

extension gemma_matrix {
    fileprivate init(rows: Int, columns: Int, of buffer: FloatBuffer) {
        self.init(
            values: UnsafeRawPointer(buffer.start), element: gemma_f32, rows: rows, columns: columns,
            row_bytes: columns * MemoryLayout<Float>.stride)
    }
}
