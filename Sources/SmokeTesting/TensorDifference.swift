import CGemmaKernels
import GemmaInference

/// How far a stored matrix is from another of the same columns, as a whole and row by row.
struct TensorDifference {
    /// Rows that both have.
    let rowCount: Int
    private let rows: [gemma_difference]
    /// Sums over all rows.
    private let first: Double
    private let second: Double
    private let between: Double
    /// The distance that half of the rows do not exceed.
    private(set) var medianRowDistance = 0.0

    /// `own` against `base`, on all of the pool's threads.
    init(_ own: StoredRows, _ base: StoredRows, pool: WorkerPool) {
        let count = min(own.count, base.count), columns = own.columns
        // About 256 KiB of numbers, which stay in the cache; their pages are given back once they are done.
        let step = max(1, (64 << 10) / max(1, columns)), kernels: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()
        var rows = [gemma_difference](repeating: gemma_difference(), count: count)
        rows.withUnsafeMutableBufferPointer { rows in
            nonisolated(unsafe) let rows = rows
            pool.perform((count + step - 1) / step) { share, _ in
                let range = (share * step)..<min((share + 1) * step, count)
                let buffer = UnsafeMutablePointer<Float>.allocate(capacity: 2 * columns)
                defer { buffer.deallocate() }
                for row in range {
                    own.expand(row, into: buffer)
                    base.expand(row, into: buffer + columns)
                    rows[row] = kernels.pointee.difference(buffer, buffer + columns, columns)
                }
                own.release(range)
                base.release(range)
            }
        }
        self.rows = rows
        rowCount = count
        first = rows.reduce(0) { $0 + $1.first }
        second = rows.reduce(0) { $0 + $1.second }
        between = rows.reduce(0) { $0 + $1.between }
        guard between > 0 else { return }
        let distances = (0..<count).map { distance(row: $0) }.sorted()
        medianRowDistance = distances[count / 2]
    }

    var isEqual: Bool { between == 0 }
    /// False where one of the tensors holds a NaN or an infinity.
    var isFinite: Bool { between.isFinite }
    /// How many times larger or smaller than the base's the tensor is.
    var scale: Double {
        guard first > 0, second > 0 else { return .infinity }
        return max(first / second, second / first).squareRoot()
    }
    /// The norm of the difference over the norm of the base's tensor.
    var distance: Double { second > 0 ? (between / second).squareRoot() : between > 0 ? .infinity : 0 }
    var cosine: Double { Self.cosine(first, second, between) }
    var squares: (base: Double, between: Double) { (second, between) }
    /// The base's root mean square of a row, times the root of its columns.
    private var typicalRow: Double { second / Double(max(1, rowCount)) }

    /// A row's distance, relative to the base's row, or to a tenth of its usual row where that is larger: in rows of next
    /// to nothing any change is large.
    func distance(row: Int) -> Double {
        let scale = max(rows[row].second, 0.01 * typicalRow)
        return scale > 0 ? (rows[row].between / scale).squareRoot() : rows[row].between > 0 ? .infinity : 0
    }

    func cosine(row: Int) -> Double {
        // Rows of next to nothing point anywhere.
        if rows[row].second < 1e-4 * typicalRow, rows[row].first < 1e-4 * typicalRow { return 1 }
        return Self.cosine(rows[row].first, rows[row].second, rows[row].between)
    }

    /// The largest change of one number, relative to its row's root mean square in the base model.
    func largestChange(row: Int, columns: Int) -> Double {
        let scale = (max(rows[row].second, 0.01 * typicalRow) / Double(max(1, columns))).squareRoot()
        return scale > 0 ? Double(rows[row].largest) / scale : rows[row].largest > 0 ? .infinity : 0
    }

    /// Whether most of what changed in a row is one number.
    func isOneNumber(row: Int) -> Bool {
        2 * Double(rows[row].largest) * Double(rows[row].largest) > rows[row].between
    }

    /// Of two tensors or rows, from the sums of their squares and of their difference's.
    static func cosine(_ first: Double, _ second: Double, _ between: Double) -> Double {
        if first == 0, second == 0 { return 1 }
        guard first > 0, second > 0 else { return 0 }
        return max(-1, min(1, (first + second - between) / (2 * (first * second).squareRoot())))
    }
}

extension StoredRows {
    /// The numbers of one row.
    func row(_ number: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: columns) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            expand(number, into: start)
            count = columns
        }
    }

    /// How alike some of the rows of two matrices are, at most `limit` of them, spread over both.
    func cosine(to other: StoredRows, limit: Int = 48) -> Double {
        guard columns == other.columns, count == other.count, count > 0 else { return 0 }
        var (first, second, between) = (0.0, 0.0, 0.0)
        for number in Set((0..<limit).map { $0 * count / limit }) {
            let kernels: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()
            let seen = kernels.pointee.difference(row(number), other.row(number), columns)
            first += seen.first
            second += seen.second
            between += seen.between
        }
        return TensorDifference.cosine(first, second, between)
    }
}
