/// The end of every generation's forward pass: norm, output matrix and, for some, a soft cap on the logits.
struct OutputHead {
    let norm: RMSNorm  // [H]
    let matrix: Linear  // [V, H], the embedding when tied
    var softcap: Float? = nil
    private let normalized: FloatBuffer  // [T, H]
    let logits: FloatBuffer  // [T, V]
    /// Holds the mapping that the model's matrices point into: an instance outlives the model that it was made from.
    private let weights: ModelWeights

    /// - Parameter tied: the embedding; a head that is stored all the same and differs is used, as transformers 5 does.
    init(
        _ weights: ModelWeights, norm: RMSNorm, tied embedding: Matrix, softcap: Double? = nil, memory: Memory
    ) throws(InferenceError) {
        self.weights = weights
        self.norm = norm
        self.softcap = softcap.map(Float.init)
        matrix = try weights.head(tied: embedding)
        normalized = try memory.floats(Arithmetic.blockSize, norm.width)
        logits = try memory.floats(Arithmetic.blockSize, matrix.rows)
    }

    /// The logits [T or 1 or 0, V] of a block whose residual stream is x [T, H].
    func callAsFunction(
        _ x: FloatBuffer, _ tokens: Int, _ wanted: LogitRows, _ arithmetic: Arithmetic
    ) -> UnsafeBufferPointer<Float> {
        let rows =
            switch wanted {
            case .none: 0
            case .last: min(1, tokens)
            case .all: tokens
            }
        guard rows > 0 else { return UnsafeBufferPointer(start: logits.start, count: 0) }
        arithmetic.normalize(x, norm, into: normalized, rows: tokens)
        arithmetic.multiply(normalized.start + (tokens - rows) * norm.width, rows, (matrix, logits))
        if let softcap { arithmetic.softcap(logits, softcap, count: rows * matrix.rows) }
        return UnsafeBufferPointer(start: logits.start, count: rows * matrix.rows)
    }
}
