import ModelFormats

/// The control tokens that a generation of Gemma puts around the turns of a conversation.
struct TurnTokens: Equatable {
    let start: String
    let end: String

    /// Gemma 1 to 3n, and Gemma 4.
    static let all = [
        TurnTokens(start: "<start_of_turn>", end: "<end_of_turn>"), TurnTokens(start: "<|turn>", end: "<turn|>"),
    ]

    init(of configuration: GemmaConfiguration) {
        if case .gemma4 = configuration { self = Self.all[1] } else { self = Self.all[0] }
    }

    private init(start: String, end: String) {
        self.start = start
        self.end = end
    }
}
