/// Why a model could not be run on what was asked.
package enum InferenceError: Error, Equatable, Sendable {
    case emptyPrompt
    case tokenOutOfRange(token: Int, index: Int, vocabularySize: Int)
    case promptTooLong(tokens: Int, contextLength: Int)
    case tooShortToScore(tokens: Int)
    case noTokenizer
    case invalidCount(name: String, got: Int)
    /// A tensor that the configuration implies is missing or has another shape or type.
    case tensor(name: String, expected: String, got: String)
    /// The keys, values and scratch memory for a text of `tokens` need at least `needed` bytes, more than the machine's
    /// `available`.
    case outOfMemory(tokens: Int, needed: Int, available: Int)
    /// The system refuses memory that the machine has.
    case allocationRefused(bytes: Int)
    /// A weight file could not be mapped, or changed while the model ran.
    case weights(file: String, expected: String, got: String)
}

extension InferenceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .emptyPrompt:
            "the prompt holds no token; give at least one"
        case .tokenOutOfRange(let token, let index, let vocabularySize):
            "token \(token) at position \(index): expected 0 to \(vocabularySize - 1), the rows of the embedding"
        case .promptTooLong(let tokens, let contextLength):
            "prompt of \(tokens) tokens: expected at most \(contextLength), the model's max_position_embeddings"
        case .tooShortToScore(let tokens):
            "a score needs at least 2 tokens, got \(tokens): each is scored by what comes before it"
        case .noTokenizer:
            "tokenizer.json is not among the files of this model; give the prompt as token ids"
        case .invalidCount(let name, let got):
            "\(name): expected a number from 0 on, got \(got)"
        case .tensor(let name, let expected, let got):
            "tensor \(name): expected \(expected), got \(got)"
        case .outOfMemory(let tokens, let needed, let available):
            "a text of \(tokens) tokens needs \(needed) bytes of memory or more besides the weights, "
                + "this machine has \(available); ask for fewer tokens"
        case .allocationRefused(let bytes):
            "the system refuses \(bytes) bytes of memory; free some or ask for fewer tokens"
        case .weights(let file, let expected, let got):
            "\(file): expected \(expected), got \(got)"
        }
    }
}
