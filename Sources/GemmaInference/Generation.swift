package import ModelFormats

/// What `lapidary generate` asks for.
package struct GenerationRequest: Sendable {
    package enum Prompt: Sendable {
        /// Text for the model's own tokenizer; `<bos>` is put before it unless it is there already.
        case text(String)
        /// Token ids, taken as given.
        case tokens([Int])
    }

    package var prompt: Prompt
    package var maximumTokens: Int
    /// Whether the answer holds the logits at the last position of the prompt.
    package var wantsLogits: Bool
    /// Whether the answer holds the mean negative log-likelihood of the prompt.
    package var wantsScore: Bool
    /// Whether a token of `eos_token_id` ends the text; it is then the last of the answer's tokens.
    package var stopsAtEndOfSequence: Bool

    package init(
        prompt: Prompt, maximumTokens: Int, wantsLogits: Bool = false, wantsScore: Bool = false,
        stopsAtEndOfSequence: Bool = true
    ) {
        self.prompt = prompt
        self.maximumTokens = maximumTokens
        self.wantsLogits = wantsLogits
        self.wantsScore = wantsScore
        self.stopsAtEndOfSequence = stopsAtEndOfSequence
    }
}

/// What the model answered. Encodes as the JSON of `lapidary generate --format json`; absent parts are left out.
package struct GenerationResult: Codable, Equatable, Sendable {
    package enum StopReason: String, Codable, Sendable {
        case maximumTokens = "max-tokens"
        case endOfSequence = "end-of-sequence"
        /// The model's context is used up.
        case contextLength = "context-length"
    }

    /// The ids of the prompt as the model read it.
    package let promptTokens: [Int]
    /// The generated ids, in order.
    package let tokens: [Int]
    /// The text of `tokens` without a final end-of-sequence token; absent when the model has no tokenizer.
    package let text: String?
    /// F32 logits at the last position of the prompt, one per row of the embedding.
    package let logits: [Float]?
    /// Mean of -log p(token i | tokens before i) over the prompt, in nats.
    package let meanNLL: Double?
    package let stopReason: StopReason
    /// What a reader should know, e.g. tokens that the tokenizer has no piece for.
    package let warnings: [String]
}

/// Runs a model greedily on a prompt. Blocking; see `LanguageModel` for the thread.
///
/// The next token is the largest logit over *all* rows of the embedding, as in transformers: rows beyond the tokenizer
/// (Gemma 3's wrappers have 63 of them) are not masked, since a model that picks one is worth knowing about; the
/// answer then carries a warning that names the token.
/// - Parameters:
///   - files: a whole model.
///   - adapter: a PEFT adapter of that model; nil runs the model as it is.
/// - Throws: ModelFormatError for the files, InferenceError for the request.
package func generate(
    _ request: GenerationRequest, model files: ModelFiles, adapter: ModelFiles? = nil,
    residency: WeightResidency = .mapped
) throws -> GenerationResult {
    let source = try ModelSource(of: files)
    let configuration = try source.configuration(), tensors = try source.tensors()
    var tokenizer: Tokenizer?, warnings: [String] = []
    do {
        tokenizer = try source.tokenizer()
    } catch {
        // Ids need no tokenizer; only the answer's text does.
        guard case .tokens = request.prompt else { throw error }
        warnings.append("the answer has no text: \(error)")
    }
    let loaded = try LoadedModel(
        configuration: configuration, tensors: tensors, tokenizer: tokenizer,
        adapter: try adapter.map { try Adapter(reading: $0) }, residency: residency)
    let tokens = try promptTokens(request.prompt, loaded)
    guard request.maximumTokens >= 0 else {
        throw InferenceError.invalidCount(name: "max-tokens", got: request.maximumTokens)
    }
    guard !request.wantsScore || tokens.count >= 2 else { throw InferenceError.tooShortToScore(tokens: tokens.count) }

    let context = loaded.configuration.contextLength
    let capacity = tokens.count + min(request.maximumTokens, context - tokens.count)
    let run = TextRun(try loaded.makeModel(capacity: capacity))
    let reading = run.read(tokens, scores: request.wantsScore)
    let stops = request.stopsAtEndOfSequence ? loaded.configuration.endOfSequence : []
    let generated = run.generate(request.maximumTokens, after: reading, stops: stops)

    let endsItself = generated.last.map(stops.contains) ?? false
    warnings += loaded.warnings
    if let tokenizer = loaded.tokenizer, let stray = generated.first(where: { tokenizer.piece($0) == nil }) {
        warnings.append("token \(stray) has no piece in \(Tokenizer.path): a row of the embedding beyond the tokenizer")
    }
    if reading.nonFiniteLogits > 0 {
        warnings.append(
            "\(reading.nonFiniteLogits) logits are NaN or infinite, first at position \(reading.firstNonFinitePosition ?? 0)"
        )
    }
    return GenerationResult(
        promptTokens: tokens, tokens: generated,
        text: loaded.tokenizer?.decode(Array(endsItself ? generated.dropLast() : generated[...])),
        logits: request.wantsLogits ? reading.lastLogits : nil, meanNLL: reading.meanNLL,
        stopReason: endsItself
            ? .endOfSequence : generated.count < request.maximumTokens ? .contextLength : .maximumTokens,
        warnings: warnings)
}

private func promptTokens(_ prompt: GenerationRequest.Prompt, _ loaded: LoadedModel) throws -> [Int] {
    var tokens: [Int]
    switch prompt {
    case .tokens(let given): tokens = given
    case .text(let text):
        guard let tokenizer = loaded.tokenizer else { throw InferenceError.noTokenizer }
        tokens = tokenizer.encodeWithBeginning(text)
    }
    guard !tokens.isEmpty else { throw InferenceError.emptyPrompt }
    let vocabularySize = loaded.configuration.vocabularySize
    for (index, token) in tokens.enumerated() where !(0..<vocabularySize).contains(token) {
        throw InferenceError.tokenOutOfRange(token: token, index: index, vocabularySize: vocabularySize)
    }
    let context = loaded.configuration.contextLength
    guard tokens.count <= context else {
        throw InferenceError.promptTooLong(tokens: tokens.count, contextLength: context)
    }
    return tokens
}

extension Tokenizer {
    /// The ids of a text with exactly one beginning-of-sequence token before it: every Gemma needs it, and a text that
    /// a chat template rendered already carries it.
    package func encodeWithBeginning(_ text: String) -> [Int] {
        let tokens = encode(text, addsSpecial: false)
        guard let begin = beginOfSequence, tokens.first != begin else { return tokens }
        return [begin] + tokens
    }
}
