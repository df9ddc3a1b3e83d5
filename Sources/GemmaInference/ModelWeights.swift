internal import CGemmaKernels
internal import ModelFormats

/// A model's weights by the names that transformers gives its modules, without the prefix and the final `.weight`. Their
/// shapes have been compared with the configuration (`LoadedModel`), so names are enough.
struct ModelWeights {
    private let mapped: MappedWeights
    private let expected: ExpectedTensors
    private let memory: Memory
    private let normEpsilon: Double
    /// Put before every name: the model's prefix, and `layers.3.` for the weights of one layer.
    private var scope: String
    private let adapter: AdapterWeights?
    private let inner, change: FloatBuffer  // the scratch memory of the adapter's updates

    init(
        _ mapped: MappedWeights, _ expected: ExpectedTensors, adapter: AdapterWeights? = nil, normEpsilon: Double,
        memory: Memory
    ) throws(InferenceError) {
        self.mapped = mapped
        self.adapter = adapter
        let updates = adapter?.modules.updates.values.map { $0 } ?? []
        let widest = updates.map { max($0.up.elementCount, $0.down.elementCount) / $0.rank }.max() ?? 0
        inner = try memory.floats(Arithmetic.blockSize, updates.map(\.rank).max() ?? 0)
        change = try memory.floats(Arithmetic.blockSize, widest)
        self.expected = expected
        self.normEpsilon = normEpsilon
        self.memory = memory
        scope = expected.prefix
    }

    /// The largest number of columns of any matrix that the model needs.
    var widestRow: Int {
        max(expected.required.compactMap(\.shape.last).max() ?? 1, adapter?.largestRank ?? 1)
    }

    /// The weights of one layer.
    func layer(_ index: Int) -> ModelWeights {
        var weights = self
        weights.scope += "layers.\(index)."
        return weights
    }

    /// The weights of another module of the wrapper that the language model is part of.
    func wrapper(_ module: String) -> ModelWeights {
        var weights = self
        weights.scope = expected.prefix.dropLast("language_model.".count) + module + "."
        return weights
    }

    func linear(_ name: String) throws(InferenceError) -> Linear {
        Linear(weight: try matrix(name))
    }

    func matrix(_ name: String) throws(InferenceError) -> Matrix {
        try stored(scope + name + ".weight")
    }

    /// A matrix of which few rows are used, those of the tokens read.
    func table(_ name: String) throws(InferenceError) -> Matrix {
        try stored(scope + name + ".weight", isUsedWhole: false)
    }

    /// A matrix under its whole name, with what the adapter changes in it.
    private func stored(_ name: String, isUsedWhole: Bool = true) throws(InferenceError) -> Matrix {
        guard let adapter else { return try mapped.matrix(name, isUsedWhole: isUsedWhole) }
        let own = try adapter.replacement(name)
        let matrix = if let own { own } else { try mapped.matrix(name, isUsedWhole: isUsedWhole) }
        return try adapter.adapt(matrix, name, inner: inner, change: change, memory: memory)
    }

    /// Experts' matrices, stored as one tensor of three dimensions: their rows one after the other. `name` is the whole
    /// name within the scope.
    func stacked(_ name: String) throws(InferenceError) -> Matrix {
        try stored(scope + name, isUsedWhole: false)
    }

    /// A stored vector, widened. `name` is the tensor's whole name within the scope.
    func vector(_ name: String) throws(InferenceError) -> FloatBuffer {
        let matrix = try stored(scope + name)
        defer { matrix.release() }
        let values = try memory.floats(matrix.rows, matrix.columns)
        for row in 0..<matrix.rows {
            let to = values.start + row * matrix.columns
            matrix.expand(row, into: to, gemma_scalar_kernels())
            matrix.update?.apply(toRow: row, to, gemma_scalar_kernels())
        }
        return values
    }

    /// The first number of a stored vector.
    func number(_ name: String) throws(InferenceError) -> Float {
        let values = try vector(name)
        return withExtendedLifetime(values) { values.start[0] }
    }

    /// The RMSNorm of Gemma 3n and 4, which store the scale itself.
    func norm(_ name: String) throws(InferenceError) -> RMSNorm {
        RMSNorm(scale: try vector(name + ".weight"), epsilon: normEpsilon)
    }

    /// An RMSNorm with a scale that is put together elsewhere.
    func norm(scale: FloatBuffer) -> RMSNorm { RMSNorm(scale: scale, epsilon: normEpsilon) }

    /// An RMSNorm that only normalises: Gemma 3n and 4 have one on values.
    func norm(width: Int) throws(InferenceError) -> RMSNorm {
        let scale = try memory.floats(width)
        scale.start.update(repeating: 1, count: width)
        return RMSNorm(scale: scale, epsilon: normEpsilon)
    }

    /// The RMSNorm of Gemma 1 to 3, which store the scale minus 1 (1 + w is formed in F32). GGUF files hold the sum.
    func onePlusNorm(_ name: String) throws(InferenceError) -> RMSNorm {
        let norm = try norm(name)
        let isReplaced = adapter?.modules.replacements[scope + name + ".weight"] != nil
        if !mapped.tensors.normsAreScales || isReplaced {
            for index in 0..<norm.width { norm.scale.start[index] += 1 }
        }
        return norm
    }

    /// The output head: the embedding when tied, unless another one is stored.
    func head(tied embedding: Matrix) throws(InferenceError) -> Linear {
        var heads: [(name: String, matrix: Matrix)] = []
        for name in expected.headNames where mapped.tensors.holds(name) {
            heads.append((name, try stored(name)))
        }
        guard let (name, head) = heads.first else {
            // What an adapter does to the embedding is not done to the head tied to it, unless it says so.
            guard let adapter else {
                mapped.need(embedding)
                return Linear(weight: embedding)
            }
            let own = try adapter.replacement(AdaptedModules.head)
            let shared = if let own { own } else { try mapped.matrix(expected.prefix + "embed_tokens.weight") }
            return Linear(
                weight: try adapter.adapt(shared, AdaptedModules.head, inner: inner, change: change, memory: memory))
        }
        for (other, matrix) in heads.dropFirst() where !head.equals(matrix) {
            throw .tensor(
                name: name, expected: "the values of \(other), or one of them alone", got: "two different heads")
        }
        // Pages that are read for the embedding need not be read again for an equal head.
        guard head.isPlain, embedding.isPlain, head.equals(embedding) else { return Linear(weight: head) }
        mapped.need(embedding)
        return Linear(weight: embedding)
    }
}
