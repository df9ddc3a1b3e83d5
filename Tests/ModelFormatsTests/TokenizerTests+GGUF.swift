import ModelFormats
import Testing

/// Vocabularies of GGUF files: what the keys mean, and what is refused.
extension TokenizerTests {
    /// A vocabulary of a few pieces with scores: `<unk>` is 0, the bytes are 3 to 258, the rest follows.
    static func scored(
        _ more: [(text: String, score: Float, type: Int32)] = [
            ("a", -9, 1), ("b", -9, 1), ("ab", -1, 1), ("ba", -2, 1), ("aba", -3, 1), ("▁", -9, 1), ("▁a", -4, 1),
        ]
    ) -> GGUFVocabulary {
        let bytes = (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return (text: "<0x\(byte < 16 ? "0" : "")\(digits)>", score: Float(0), type: Int32(6))
        }
        let all = [(text: "<unk>", score: Float(0), type: Int32(2)), ("<bos>", 0, 3), ("<eos>", 0, 3)] + bytes + more
        return GGUFVocabulary(
            model: "llama", pieces: TextList(all.map(\.text)), scores: all.map(\.score), types: all.map(\.type),
            beginOfSequence: 1, endOfSequence: 2, unknown: 0)
    }

    private func tokenizer(_ more: [(text: String, score: Float, type: Int32)]) throws -> Tokenizer {
        try Tokenizer(gguf: Self.scored(more), file: "m.gguf")
    }

    @Test func aHigherScoreMergesFirstThenTheLeftmost() throws {
        let tokenizer = try Tokenizer(gguf: Self.scored(), file: "m.gguf")
        #expect(tokenizer.encode("aba") == [1, 263])
        #expect(tokenizer.encode("bab a") == [1, 260, 261, 265])
        #expect(tokenizer.encode("é") == [1, 3 + 0xC3, 3 + 0xA9])
        let positive = try self.tokenizer([("a", 0, 1), ("b", 0, 1), ("ab", 0.5, 1), ("ba", 2, 1), ("aa", 2, 1)])
        #expect(positive.encode("aba", addsSpecial: false) == [259, 262])
        #expect(positive.encode("aaa", addsSpecial: false) == [263, 259])
    }

    @Test func charactersThatAreNoPieceMayStillBePartOfOne() throws {
        #expect(try tokenizer([("éx", -1, 1)]).encode("éxé") == [1, 259, 3 + 0xC3, 3 + 0xA9])
    }

    @Test func theBeginningGoesBeforeEveryTextWhateverTheFileSays() throws {
        for claim in [nil, false, true] as [Bool?] {
            var vocabulary = Self.scored()
            vocabulary.addsBeginOfSequence = claim
            let tokenizer = try Tokenizer(gguf: vocabulary, file: "m.gguf")
            #expect(tokenizer.encode("a") == [1, 259])
            #expect(tokenizer.encode("<bos>a", addsSpecial: false) == [1, 259])
            #expect(tokenizer.beginOfSequence == 1)
            #expect(tokenizer.decode([1, 259], skipsSpecial: true) == "a")
        }
    }

    /// The converter of llama.cpp writes the space runs of tokenizer.model with spaces, and the score -1000.
    @Test func userDefinedRunsOfSpacesMergeFirst() throws {
        let tokenizer = try tokenizer([
            ("▁", -9, 1), ("a", -9, 1), ("▁a", -1, 1), ("  ", -1000, 4), ("   ", -1000, 4), ("<h1>", -1000, 4),
        ])
        #expect(tokenizer.encode("a   a", addsSpecial: false) == [260, 263, 260])
        #expect(tokenizer.encode("a    a", addsSpecial: false) == [260, 263, 261])
        #expect(tokenizer.encode("<h1> a", addsSpecial: false) == [264, 261])
        #expect(tokenizer.decode(tokenizer.encode("a     a"), skipsSpecial: true) == "a     a")
    }

    struct Fault: Sendable {
        let key: String
        let what: String
        let damage: @Sendable (inout GGUFVocabulary) -> Void

        init(_ key: String, _ what: String, _ damage: @escaping @Sendable (inout GGUFVocabulary) -> Void) {
            self.key = key
            self.what = what
            self.damage = damage
        }
    }

    static let faults: [Fault] = [
        Fault("model", #""llama" or "gemma4", got "gpt2""#, { $0.model = "gpt2" }),
        Fault("tokens", "1 to 2000000 pieces, got 0", { $0.pieces = TextList() }),
        Fault("tokens", "pieces that occur once, got \"a\" = 266 again", { $0.append("a", -1, 1) }),
        Fault("tokens", "pieces of 1 to 16384 bytes, got 0 for 266", { $0.append("", -1, 1) }),
        Fault("tokens", "pieces of 1 to 16384 bytes, got 16385 for 266") {
            $0.append(String(repeating: "x", count: 16_385), -1, 1)
        },
        Fault("tokens", "well-formed UTF-8", { $0.append(bytes: [0xFF]) }),
        Fault("tokens", "well-formed UTF-8") {
            $0.append(bytes: [0xC3])
            $0.append(bytes: [0xA9])
        },
        Fault("token_type", "a type for each of 266 pieces, got 265", { $0.types.removeLast() }),
        Fault("token_type", "types from 1 to 6, got 7 for piece 0", { $0.types[0] = 7 }),
        Fault("scores", "a score for each of 266 pieces, got 0", { $0.scores = [] }),
        Fault("scores", "numbers, got NaN for piece 5", { $0.scores[5] = .nan }),
        Fault("bos_token_id", "an id below 266, got 266", { $0.beginOfSequence = 266 }),
        Fault("eos_token_id", "an id below 266, got -1", { $0.endOfSequence = -1 }),
        Fault("unknown_token_id", "an id below 266, got 300", { $0.unknown = 300 }),
        Fault("padding_token_id", "an id below 266, got 300", { $0.padding = 300 }),
        Fault("add_space_prefix", "false, got true", { $0.addsSpacePrefix = true }),
        Fault("tokens", "all of <0x00> to <0xFF>, got 0 of them", { $0.keepOnlyBegin() }),
        Fault("merges", "1 to 2000000 merges, got 0", { $0.model = "gemma4" }),
        Fault("merges", "a space between, got another text in merge 1", { $0.merge("a b", "ab") }),
        Fault("merges", #"pieces of the vocabulary, got "x" in merge 0"#, { $0.merge("a x") }),
        Fault("merges", #"pieces of the vocabulary, got "bb" in merge 1"#, { $0.merge("a b", "b b") }),
    ]

    @Test(arguments: faults)
    func refusesAVocabularyThatContradictsItself(_ fault: Fault) throws {
        var vocabulary = Self.scored()
        fault.damage(&vocabulary)
        let text = try #require(errorText { _ = try Tokenizer(gguf: vocabulary, file: "m.gguf") })
        #expect(text.hasPrefix("m.gguf: tokenizer.ggml.\(fault.key) expected "))
        #expect(text.contains(fault.what), "\(text)")
    }
}

extension GGUFVocabulary {
    fileprivate mutating func append(_ text: String, _ score: Float, _ type: Int32) {
        append(bytes: Array(text.utf8), score, type)
    }

    fileprivate mutating func append(bytes: [UInt8], _ score: Float = 0, _ type: Int32 = 1) {
        pieces.append(bytes)
        scores.append(score)
        types.append(type)
    }

    fileprivate mutating func merge(_ pairs: String...) {
        model = "gemma4"
        merges = TextList(pairs)
    }

    fileprivate mutating func keepOnlyBegin() {
        (pieces, scores, types) = (TextList(["<unk>", "<bos>", "<eos>"]), [0, 0, 0], [2, 3, 3])
    }
}
