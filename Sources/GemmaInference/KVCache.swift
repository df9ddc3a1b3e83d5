/// The keys and values of one layer. Position p lives in slot p % capacity, so that a sliding layer keeps only what its
/// window and the block being read can see.
final class KVCache {
    let keys: FloatBuffer  // [kvHeads, capacity, headDimension]
    let values: FloatBuffer  // the same
    let capacity: Int
    let kvHeads: Int
    let headDimension: Int

    /// `window` is nil for a layer that sees everything; `tokens` is the longest text.
    init(tokens: Int, window: Int?, kvHeads: Int, headDimension: Int, memory: Memory) throws(InferenceError) {
        capacity = window.map { min(tokens, $0 + Arithmetic.blockSize - 1) } ?? tokens
        self.kvHeads = kvHeads
        self.headDimension = headDimension
        keys = try memory.floats(kvHeads, capacity, headDimension)
        values = try memory.floats(kvHeads, capacity, headDimension)
    }

    /// Keeps the keys and values [tokens, kvHeads, headDimension] of positions from `position` on.
    func store(keys newKeys: FloatBuffer, values newValues: FloatBuffer, tokens: Int, at position: Int) {
        let width = headDimension
        for token in 0..<tokens {
            let slot = (position + token) % capacity
            for head in 0..<kvHeads {
                let from = (token * kvHeads + head) * width, to = (head * capacity + slot) * width
                (keys.start + to).update(from: newKeys.start + from, count: width)
                (values.start + to).update(from: newValues.start + from, count: width)
            }
        }
    }
}
