internal import CGemmaKernels
package import ModelFormats

/// A text model that answers with a vector, and what is done with its states (EmbeddingGemma). Not Sendable: see
/// `LanguageModel` for the thread.
package struct EmbeddingModel {
    package let configuration: Gemma3Configuration
    package let tensors: ModelTensors
    package let tokenizer: Tokenizer
    /// Nil when nothing says how states become a vector: then their mean is taken, of length 1.
    package let transformer: SentenceTransformer?
    private let weights: MappedWeights
    private let modules: [Module]
    private let pool = WorkerPool()

    private enum Module {
        case pooling([SentenceTransformer.Pooling.Mode])
        case dense(SentenceTransformer.Dense, weight: [Float], bias: [Float])
        case normalize
    }

    package init(
        configuration: Gemma3Configuration, tensors: ModelTensors, tokenizer: Tokenizer,
        transformer: SentenceTransformer?, residency: WeightResidency = .mapped
    ) throws {
        self.configuration = configuration
        self.tensors = tensors
        self.tokenizer = tokenizer
        self.transformer = transformer
        weights = try MappedWeights(tensors, residency)
        modules =
            try transformer?.modules.map { module in
                switch module {
                case .pooling(let pooling): .pooling(pooling.modes)
                case .normalize: .normalize
                case .dense(let dense):
                    .dense(
                        dense, weight: try Self.numbers("linear.weight", of: dense),
                        bias: dense.hasBias ? try Self.numbers("linear.bias", of: dense) : [])
                }
            } ?? [.pooling([.mean]), .normalize]
    }

    /// The stored numbers of a dense layer, widened.
    private static func numbers(_ name: String, of dense: SentenceTransformer.Dense) throws -> [Float] {
        let mapped = try MappedWeights(dense.tensors, .mapped)
        try mapped.checkSizes()
        let matrix = try mapped.matrix(name), columns = matrix.columns
        return withExtendedLifetime(mapped) {
            [Float](unsafeUninitializedCapacity: matrix.rows * columns) { buffer, count in
                guard let start = buffer.baseAddress else { return }
                for row in 0..<matrix.rows { matrix.expand(row, into: start + row * columns, gemma_scalar_kernels()) }
                count = matrix.rows * columns
            }
        }
    }

    /// The ids of a text with its prompt, as the tokenizer's post-processor completes them.
    package func tokens(of text: String, prompt: String) -> [Int] { tokenizer.encode(prompt + text) }

    /// The states [tokens, hidden size] of a text of at least one token, row after row.
    package func states(of tokens: [Int]) throws -> [Float] {
        let size = configuration.vocabularySize
        guard !tokens.isEmpty else { throw InferenceError.emptyPrompt }
        for (index, token) in tokens.enumerated() where !(0..<size).contains(token) {
            throw InferenceError.tokenOutOfRange(token: token, index: index, vocabularySize: size)
        }
        guard tokens.count <= configuration.contextLength else {
            throw InferenceError.promptTooLong(tokens: tokens.count, contextLength: configuration.contextLength)
        }
        try weights.checkSizes()
        let memory = Memory(forTokens: tokens.count)
        let named = try ModelWeights(
            weights, try configuration.expectedTensors(in: tensors), normEpsilon: configuration.normEpsilon,
            memory: memory)
        let encoder = try Gemma3Encoder(configuration, named, capacity: tokens.count, pool: pool, memory: memory)
        return encoder.encode(tokens)
    }

    /// The vector of a text, from its tokens.
    package func vector(of tokens: [Int]) throws -> [Float] {
        try vector(ofStates: try states(of: tokens))
    }

    /// The vector that the modules make of states [tokens, hidden size].
    package func vector(ofStates states: [Float]) throws -> [Float] {
        var vector: [Float] = []
        for module in modules {
            switch module {
            case .pooling(let modes): vector = modes.flatMap { $0.pooled(states, width: configuration.hiddenSize) }
            case .dense(let dense, let weight, let bias): vector = dense.applied(to: vector, weight, bias)
            case .normalize:
                let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                vector = vector.map { Float(Double($0) / max(length, 1e-12)) }
            }
        }
        return vector
    }
}
