package import ModelFormats

/// A model that reads tokens and says what may come next. Not Sendable: one thread drives it and blocks while its
/// worker pool computes, so never call it from the cooperative pool.
package protocol LanguageModel: AnyObject {
    var vocabularySize: Int { get }
    /// How many tokens one call may bring: a pass over the weights costs little more for a block than for one.
    var blockSize: Int { get }
    /// The longest text this instance has room for, in tokens.
    var capacity: Int { get }
    /// Tokens read so far.
    var position: Int { get }

    /// Forgets the text.
    func reset()

    /// Reads up to `blockSize` tokens (each below `vocabularySize`, all within `capacity`). Answers the logits of the
    /// last of them, or of all, as rows of `vocabularySize` F32 numbers that stay valid until the next call.
    func forward(_ tokens: ArraySlice<Int>, logits: LogitRows) -> UnsafeBufferPointer<Float>
}

extension LanguageModel {
    package var blockSize: Int { Arithmetic.blockSize }

    /// Callers check what comes from outside; this keeps a mistake of theirs from reading beyond a buffer.
    func checkBlock(_ tokens: ArraySlice<Int>) {
        precondition(tokens.count <= blockSize && position + tokens.count <= capacity, "block over the capacity")
        precondition(tokens.allSatisfy { (0..<vocabularySize).contains($0) }, "token beyond the vocabulary")
    }
}

/// Which positions of a block need logits: the head is the largest matrix of a small model.
package enum LogitRows: Sendable { case last, all, none }

/// A model ready to run: its weights are mapped, its tensors fit its configuration.
package struct LoadedModel {
    package let configuration: GemmaConfiguration
    package let tensors: ModelTensors
    /// Nil when the model ships no tokenizer.json.
    package let tokenizer: Tokenizer?
    /// What a reader should know of the adapter.
    package let warnings: [String]
    private let weights: MappedWeights
    private let adapter: AdapterWeights?
    private let pool: WorkerPool

    /// Reads headers, configuration and tokenizer and maps the weights. Blocking.
    /// - Parameter adapter: a PEFT adapter that is applied to the model, see `Adapter`.
    package init(reading model: ModelFiles, adapter: ModelFiles? = nil, residency: WeightResidency = .mapped) throws {
        let source = try ModelSource(of: model)
        try self.init(
            configuration: try source.configuration(), tensors: try source.tensors(),
            tokenizer: try source.tokenizer(),
            adapter: try adapter.map { try Adapter(reading: $0) }, residency: residency)
    }

    package init(
        configuration: GemmaConfiguration, tensors: ModelTensors, tokenizer: Tokenizer?, adapter: Adapter? = nil,
        residency: WeightResidency = .mapped
    ) throws {
        let expected = try configuration.expectedTensors(in: tensors), comparison = expected.compared(with: tensors)
        if let missing = comparison.missing.first {
            throw InferenceError.tensor(name: missing.name, expected: "shape \(missing.shape)", got: "no such tensor")
        }
        if let (expected, got) = comparison.misshapen.first {
            throw InferenceError.tensor(name: expected.name, expected: "shape \(expected.shape)", got: "\(got)")
        }
        if let (name, element) = comparison.unreadable.first {
            throw InferenceError.tensor(name: name, expected: "a type that this build computes", got: element.rawValue)
        }
        self.configuration = configuration
        self.tensors = tensors
        self.tokenizer = tokenizer
        weights = try MappedWeights(tensors, residency)
        pool = WorkerPool()
        guard let adapter else {
            (self.adapter, warnings) = (nil, [])
            return
        }
        let modules = try adapter.fitted(to: expected, in: tensors)
        let adapted = try AdapterWeights(adapter, modules, pool: pool)
        self.adapter = adapted
        warnings =
            modules.warnings
            + (adapted.isUntrained ? ["every lora_B of the adapter is zero: it is untrained and changes nothing"] : [])
    }

    /// How much the adapter changes, tensor by tensor; none without an adapter. Reads every adapted matrix once.
    package func adapterUpdates() throws -> [AdapterUpdate] {
        guard let adapter else { return [] }
        try weights.checkSizes()
        try adapter.checkSizes()
        let expected = try configuration.expectedTensors(in: tensors)
        return try adapter.updates(of: weights, embedding: expected.prefix + "embed_tokens.weight")
    }

    /// An instance with room for `capacity` tokens. Throws when a weight file has changed since it was opened.
    /// - Parameter workers: threads that compute; one for each processor when nil. The result is the same, bit by bit.
    package func makeModel(capacity: Int, workers: Int? = nil) throws -> any LanguageModel {
        try weights.checkSizes()
        try adapter?.checkSizes()
        defer { weights.readAhead() }
        let memory = Memory(forTokens: capacity), pool = workers.map { WorkerPool(workers: $0) } ?? pool
        let expected = try configuration.expectedTensors(in: tensors)
        func named(normEpsilon: Double) throws -> ModelWeights {
            try ModelWeights(weights, expected, adapter: adapter, normEpsilon: normEpsilon, memory: memory)
        }
        switch configuration {
        case .gemma(let gemma):
            return try Gemma1(
                gemma, try named(normEpsilon: gemma.normEpsilon), capacity: capacity, pool: pool, memory: memory)
        case .gemma2(let gemma2):
            return try Gemma2(
                gemma2, try named(normEpsilon: gemma2.normEpsilon), capacity: capacity, pool: pool, memory: memory)
        case .gemma3(let gemma3):
            return try Gemma3(
                gemma3, try named(normEpsilon: gemma3.normEpsilon), capacity: capacity, pool: pool, memory: memory)
        case .gemma3n(let gemma3n):
            return try Gemma3n(
                gemma3n, try named(normEpsilon: gemma3n.normEpsilon), capacity: capacity, pool: pool, memory: memory)
        case .gemma4(let gemma4):
            return try Gemma4(
                gemma4, try named(normEpsilon: gemma4.normEpsilon), capacity: capacity, pool: pool, memory: memory)
        }
    }
}
