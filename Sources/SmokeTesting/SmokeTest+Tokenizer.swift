import ModelFormats

/// What is asked of a tokenizer by itself.
extension SmokeTest {
    /// Texts that a sound tokenizer gives back as they were. A literal `▁` is left out: it comes back as a space.
    static let roundTripTexts = [
        "The old harbour woke before the sun did.", " leading and  double   spaces ", "tab\tand\n\nnew\n\n\nlines\n",
        "1,250,000 people in 2025", "naïve café łódź", "e\u{301} combining", "日本語 中文 한국어", "emoji 🙂👩‍👩‍👧 done",
        "العربية עברית", "def add(a, b):\n    return a + b\n", "null\u{0}byte", "", " ", "\n", "          ten spaces",
    ]

    /// Size, the pieces that every Gemma has, and the round trip; nil stops the test.
    /// - Parameter source: where the tokenizer lies, when not beside the model.
    mutating func checkTokenizer(_ configuration: GemmaConfiguration, in source: ModelSource? = nil) -> Tokenizer? {
        let bound = "a tokenizer that fits the \(configuration.vocabularySize) rows of the embedding"
        progress(.tokenizerSize, 0)
        do {
            guard let tokenizer = try (source ?? self.source()).tokenizer() else {
                record(
                    .tokenizerSize, .failed, bound: bound,
                    reason: "\(Tokenizer.path) is not among the files of this model")
                return nil
            }
            let fits = checkSize(tokenizer, configuration)
            progress(.tokenizerRoundTrip, 0)
            return checkRoundTrip(tokenizer) && fits ? tokenizer : nil
        } catch {
            record(.tokenizerSize, .failed, bound: bound, reason: "\(error)")
            return nil
        }
    }

    private mutating func checkSize(_ tokenizer: Tokenizer, _ configuration: GemmaConfiguration) -> Bool {
        let rows = configuration.vocabularySize, turns = TurnTokens(of: configuration)
        let bound =
            "ids below the \(rows) rows of the embedding; ids 0 to 3 are <pad>, <eos>, <bos> and <unk>; "
            + "\(turns.start) and \(turns.end) are one token each"
        let value = "\(tokenizer.pieceCount) pieces, the last id is \(tokenizer.idCount - 1)"
        func fail(_ reason: String) -> Bool {
            record(.tokenizerSize, .failed, value: value, bound: bound, reason: reason)
            return false
        }
        guard tokenizer.idCount <= rows else {
            return fail("the tokenizer has ids up to \(tokenizer.idCount - 1), and no row for \(rows) and above")
        }
        for (id, wanted) in ["<pad>", "<eos>", "<bos>", "<unk>"].enumerated() {
            guard let piece = tokenizer.piece(id), piece.utf8.elementsEqual(wanted.utf8) else {
                let got = tokenizer.piece(id).map { "\"\(printable($0))\"" } ?? "no piece"
                return fail("id \(id) is \(got), in every Gemma it is \(wanted): this is another model's tokenizer")
            }
        }
        for text in [turns.start, turns.end] {
            let ids = tokenizer.encode(text, addsSpecial: false)
            guard ids.count == 1 else {
                return fail(
                    "\(text) is \(ids.count) tokens: this is another generation's tokenizer, or it has lost its "
                        + "control tokens")
            }
        }
        // Wrappers have up to 64 rows more than pieces, and trainers round up.
        let unused = rows - tokenizer.idCount
        let isLarge = unused > 64 + rows / 100
        record(
            .tokenizerSize, isLarge ? .warned : .passed, value: value, bound: bound,
            reason: isLarge
                ? "\(unused) rows of the embedding have no piece, so it may be another model's tokenizer"
                : "\(unused) rows of the embedding have no piece")
        return true
    }

    private mutating func checkRoundTrip(_ tokenizer: Tokenizer) -> Bool {
        let total = Self.roundTripTexts.count
        let wrong = Self.roundTripTexts.lazy.map { ($0, tokenizer.decode(tokenizer.encode($0, addsSpecial: false))) }
            .filter { text, back in !back.utf8.elementsEqual(text.utf8) }
        let value = "\(total - wrong.count) of \(total) texts"
        guard let (text, back) = wrong.first else {
            record(
                .tokenizerRoundTrip, .passed, value: value, bound: "decode(encode(text)) = text",
                reason: "spaces, newlines, combining marks, emoji and seven scripts come back as they were")
            return true
        }
        record(
            .tokenizerRoundTrip, .failed, value: value, bound: "decode(encode(text)) = text",
            reason: "\"\(printable(text))\" came back as \"\(printable(back))\"\(andMore(wrong.count))")
        return false
    }
}
