/// Per-layer embeddings (Gemma 3n and 4): a second, narrow embedding that gives every layer an input of its own, made of
/// the token and of the model's first activations.
///
/// Shapes in the comments: T tokens of this block, L layers, P width of a layer's input, H hidden size, V table rows.
final class PerLayerInputs {
    /// How one layer takes its input in.
    struct Block {
        let gate: Linear  // [P, H]
        let projection: Linear  // [H, P]
        let norm: RMSNorm  // [H], for the caller: 3n and 4 add the result to different streams

        init(_ layer: ModelWeights) throws(InferenceError) {
            gate = try layer.linear("per_layer_input_gate")
            projection = try layer.linear("per_layer_projection")
            norm = try layer.norm("post_per_layer_input_norm")
        }
    }

    private let table: Matrix  // [V, L P]
    private let projection: Linear  // [L P, H]
    private let norm: RMSNorm  // [P]
    private let layerCount: Int
    private let width: Int

    private let fromToken: FloatBuffer  // [T, L P]
    private let fromContext: FloatBuffer  // [T, L P]
    private let inputs: [FloatBuffer]  // L times [T, P]
    private let gated: FloatBuffer  // [T, P]

    init(_ weights: ModelWeights, layerCount: Int, width: Int, memory: Memory) throws(InferenceError) {
        let tokens = Arithmetic.blockSize
        self.layerCount = layerCount
        self.width = width
        table = try weights.table("embed_tokens_per_layer")
        projection = try weights.linear("per_layer_model_projection")
        norm = try weights.norm("per_layer_projection_norm")
        fromToken = try memory.floats(tokens, layerCount, width)
        fromContext = try memory.floats(tokens, layerCount, width)
        var inputs: [FloatBuffer] = []
        for _ in 0..<layerCount { inputs.append(try memory.floats(tokens, width)) }
        self.inputs = inputs
        gated = try memory.floats(tokens, width)
    }

    /// Computes the inputs of all layers for a block:
    /// (RMSNorm(W x H^-1/2) + table[token] P^1/2) 2^-1/2, each over one layer's P numbers.
    /// - Parameters:
    ///   - tokens: rows of the table, one per token of the block.
    ///   - x: [T, H], the scaled embedding, before the first layer.
    func prepare(_ tokens: ArraySlice<Int>, _ x: FloatBuffer, _ arithmetic: Arithmetic) {
        let count = tokens.count, row = layerCount * width
        arithmetic.embed(tokens, table, scale: Float(width).squareRoot(), into: fromToken)
        arithmetic.multiply(x.start, count, (projection, fromContext))
        arithmetic.scale(fromContext, by: Float(1 / Double(projection.columns).squareRoot()), count: count * row)
        arithmetic.normalize(fromContext, norm, into: fromContext, rows: count * layerCount)
        arithmetic.add(fromToken, to: fromContext, count: count * row)
        arithmetic.scale(fromContext, by: Float(0.5.squareRoot()), count: count * row)
        for (layer, input) in inputs.enumerated() {
            for token in 0..<count {
                let from = fromContext.start + (token * layerCount + layer) * width
                (input.start + token * width).update(from: from, count: width)
            }
        }
    }

    /// out [T, H] = W_projection (gelu_tanh(W_gate x) * input of the layer), not yet normalised. `out` may be x.
    func apply(
        _ block: Block, layer: Int, to x: FloatBuffer, _ count: Int, into out: FloatBuffer, _ arithmetic: Arithmetic
    ) {
        arithmetic.multiply(x.start, count, (block.gate, gated))  // gated [T, P]
        arithmetic.gatedGELU(gated, inputs[layer], count: count * width)
        arithmetic.multiply(gated.start, count, (block.projection, out))
    }
}
