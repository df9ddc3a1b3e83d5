internal import CGemmaKernels

/// What an adapter changes in a matrix W [rows, columns] without touching it (arXiv 2106.09685, 2402.09353):
/// y = rowScale * (W x + scale * up (down x)), the row scale only with DoRA.
///
/// The buffers are shared by all updates of a model: products run one after the other.
struct LowRankUpdate {
    let up: gemma_matrix  // [rows, rank]
    let down: gemma_matrix  // [rank, columns]
    let scale: Float
    let rowScale: FloatBuffer?  // [rows]
    let inner: FloatBuffer  // [T, rank] and more
    let change: FloatBuffer  // [T, rows] and more
    /// Keeps what the matrices point into.
    let owner: AnyObject

    var rank: Int { down.rows }

    /// row += scale * the row of up down, times the row scale; row [columns] is that of W.
    func apply(toRow index: Int, _ row: UnsafeMutablePointer<Float>, _ kernels: UnsafePointer<gemma_kernels>) {
        var up = up, down = down
        kernels.pointee.expand(&up, index, inner.start)
        for part in 0..<rank {
            let factor = scale * inner.start[part]
            kernels.pointee.expand(&down, part, change.start)
            kernels.pointee.add_scaled(row, change.start, factor, down.columns)
        }
        guard let rowScale else { return }
        for column in 0..<down.columns { row[column] *= rowScale.start[index] }
    }

    /// output [T, rows] = rowScale * (output + scale * change), where `output` is W x and `change` up (down x).
    func add(to output: UnsafeMutablePointer<Float>, tokens: Int) {
        let rows = up.rows
        for token in 0..<tokens {
            let to = output + token * rows, from = change.start + token * rows
            for row in 0..<rows { to[row] += scale * from[row] }
            guard let rowScale else { continue }
            for row in 0..<rows { to[row] *= rowScale.start[row] }
        }
    }
}

/// Rows of an embedding that an adapter replaces.
struct ReplacedRows {
    let positions: [Int: Int]  // row of the matrix, row of `values`
    let values: gemma_matrix  // [n, columns]
    let products: FloatBuffer  // [T, n]
    let owner: AnyObject
}
