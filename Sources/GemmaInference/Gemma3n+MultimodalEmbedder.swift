internal import ModelFormats

extension Gemma3n {
    /// The wrapper's embedding of ids that stand for images or sounds (see the configuration's type of this name):
    /// norm(projection(norm(row))), the last norm without a learned factor.
    struct MultimodalEmbedder {
        private let tokens: Range<Int>
        private let table: Matrix  // [rows, M]
        private let norm: RMSNorm  // [M]
        private let projection: Linear  // [H, M]
        private let postNorm: RMSNorm  // [H]
        private let row: FloatBuffer  // [1, M]
        private let embedded: FloatBuffer  // [1, H]

        init(
            _ configuration: Gemma3nConfiguration.MultimodalEmbedder, _ weights: ModelWeights, memory: Memory
        ) throws {
            let weights = weights.wrapper(configuration.module), epsilon = configuration.normEpsilon
            tokens = configuration.tokens
            table = try weights.matrix("embedding")
            norm = RMSNorm(scale: try weights.vector("hard_embedding_norm.weight"), epsilon: epsilon)
            projection = try weights.linear("embedding_projection")
            postNorm = RMSNorm(scale: try weights.norm(width: projection.rows).scale, epsilon: epsilon)
            row = try memory.floats(1, table.columns)
            embedded = try memory.floats(1, projection.rows)
        }

        /// Replaces the rows of x [T, H] of those tokens that it embeds.
        func embed(_ block: ArraySlice<Int>, into x: FloatBuffer, _ math: Arithmetic) {
            for (index, token) in block.enumerated() where tokens.contains(token) {
                math.embed([token - tokens.lowerBound], table, scale: 1, into: row)
                math.normalize(row, norm, into: row, rows: 1)
                math.multiply(row.start, 1, (projection, embedded))
                math.normalize(embedded, postNorm, into: embedded, rows: 1)
                (x.start + index * postNorm.width).update(from: embedded.start, count: postNorm.width)
            }
        }
    }
}
