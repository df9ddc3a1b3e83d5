/// The tokenizer in the metadata of a GGUF file, as it stands there: the keys `tokenizer.ggml.*`.
package struct GGUFVocabulary: Sendable {
    /// `model`: "llama" (pieces with scores, from tokenizer.model) or "gemma4" (pieces with merges).
    package var model: String
    /// `tokens`: the text of each id.
    package var pieces: TextList
    /// `scores`, one per piece; empty when the file has none.
    package var scores: [Float]
    /// `token_type`, one per piece: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    package var types: [Int32]
    /// `merges`: "left right" each, the first merges first; empty when the file has none.
    package var merges: TextList
    /// `bos_token_id`, `eos_token_id`, `unknown_token_id`, `padding_token_id`.
    package var beginOfSequence: Int?
    package var endOfSequence: Int?
    package var unknown: Int?
    package var padding: Int?
    /// `add_bos_token`. Not heeded: every Gemma needs its `<bos>`, and converters before 2026-04 wrote false for Gemma 4.
    package var addsBeginOfSequence: Bool?
    /// `add_space_prefix`; absent counts as false, as in every Gemma.
    package var addsSpacePrefix: Bool?

    package init(
        model: String, pieces: TextList, scores: [Float], types: [Int32], merges: TextList = TextList(),
        beginOfSequence: Int? = nil, endOfSequence: Int? = nil, unknown: Int? = nil, padding: Int? = nil,
        addsBeginOfSequence: Bool? = nil, addsSpacePrefix: Bool? = nil
    ) {
        self.model = model
        self.pieces = pieces
        self.scores = scores
        self.types = types
        self.merges = merges
        self.beginOfSequence = beginOfSequence
        self.endOfSequence = endOfSequence
        self.unknown = unknown
        self.padding = padding
        self.addsBeginOfSequence = addsBeginOfSequence
        self.addsSpacePrefix = addsSpacePrefix
    }
}
