import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

@Suite struct GenerationTests {
    private func run(
        _ prompt: GenerationRequest.Prompt, _ count: Int = 4, score: Bool = false, stops: Bool = true,
        model: String = "gemma3-trained"
    ) throws -> GenerationResult {
        try generate(
            GenerationRequest(prompt: prompt, maximumTokens: count, wantsScore: score, stopsAtEndOfSequence: stops),
            model: try Fixtures.files(model))
    }

    @Test func continuesAText() throws {
        let result = try run(.text("The old harbour woke before"), 12)
        #expect(result.text?.hasPrefix(" the sun did. A boy") == true)
        #expect(result.stopReason == .maximumTokens)
        #expect(result.warnings == [])
    }

    @Test func beginsATextWithExactlyOneBeginningToken() throws {
        let plain = try run(.text("The")).promptTokens, rendered = try run(.text("<bos>The")).promptTokens
        #expect(plain == rendered)
        #expect(plain.filter { $0 == 2 } == [2])
        #expect(try run(.text("")).promptTokens == [2])
        #expect(try run(.tokens([305])).promptTokens == [305])
    }

    @Test func stopsAtTheEndOfSequenceAndKeepsItsToken() throws {
        // The random wrapper fixture says <eos> second to this prompt.
        let prompt = GenerationRequest.Prompt.text("The old harbour woke before")
        let result = try run(prompt, 16, model: "gemma3-mm")
        #expect(result.stopReason == .endOfSequence)
        #expect(result.tokens.last == 1)
        #expect(result.tokens.count < 16)
        #expect(result.text?.contains("<eos>") == false)
        let all = try run(prompt, 16, stops: false, model: "gemma3-mm")
        #expect(all.tokens.count == 16)
        #expect(Array(all.tokens.prefix(result.tokens.count)) == result.tokens)
    }

    @Test func stopsWhenTheContextIsUsedUp() throws {
        let result = try run(.tokens([Int](repeating: 305, count: 510)), 100, stops: false)
        #expect(result.stopReason == .contextLength)
        #expect(result.tokens.count == 3)
    }

    @Test func aHugeNumberOfTokensAllocatesOnlyTheContext() throws {
        let result = try run(.tokens([2, 305]), Int.max, stops: false)
        #expect(result.tokens.count == 511)
        #expect(result.stopReason == .contextLength)
    }

    /// The fixture has 5 sliding layers, which need little, and 1 full one of 2 x 1 head x 16 numbers per token.
    @Test func refusesATextThatTheMachineHasNoRoomFor() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace(
            "config.json", "\"max_position_embeddings\": 512", with: "\"max_position_embeddings\": 1073741824")
        let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        let error = #expect(throws: InferenceError.self) {
            try generate(
                GenerationRequest(prompt: .tokens([2]), maximumTokens: 1_000_000_000), model: try model.files())
        }
        guard case .outOfMemory(let tokens, let needed, let available)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(tokens == 1_000_000_001)
        #expect(needed > memory)
        #expect(available == memory)
        #expect(error?.description.contains("\(needed) bytes") == true)
        #expect(error?.description.contains("this machine has \(memory)") == true)
        #expect(error?.description.hasSuffix("ask for fewer tokens") == true)
    }

    /// Each buffer would fit by itself, and the system hands out more memory than it has.
    @Test func countsAllBuffersTogether() throws {
        let loaded = try LoadedModel(reading: try Fixtures.files("gemma3-trained"))
        let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        #expect(throws: InferenceError.self) { try loaded.makeModel(capacity: memory / 128) }
        #expect(throws: InferenceError.self) { try loaded.makeModel(capacity: Int.max) }
    }

    @Test func refusesWhatItCannotRead() throws {
        #expect(throws: InferenceError.emptyPrompt) { try run(.tokens([])) }
        #expect(throws: InferenceError.tokenOutOfRange(token: 512, index: 1, vocabularySize: 512)) {
            try run(.tokens([2, 512]))
        }
        #expect(throws: InferenceError.tokenOutOfRange(token: -1, index: 0, vocabularySize: 512)) {
            try run(.tokens([-1]))
        }
        #expect(throws: InferenceError.promptTooLong(tokens: 513, contextLength: 512)) {
            try run(.tokens([Int](repeating: 5, count: 513)))
        }
        #expect(throws: InferenceError.tooShortToScore(tokens: 1)) { try run(.tokens([2]), score: true) }
        #expect(throws: InferenceError.invalidCount(name: "max-tokens", got: -1)) { try run(.tokens([2]), -1) }
        let model = try EditableModel(copying: "gemma3-trained")
        try model.remove("tokenizer.json")
        #expect(throws: InferenceError.noTokenizer) {
            try generate(GenerationRequest(prompt: .text("a"), maximumTokens: 1), model: try model.files())
        }
        let result = try generate(
            GenerationRequest(prompt: .tokens([2, 305]), maximumTokens: 1), model: try model.files())
        #expect(result.text == nil)
    }

    @Test func namesTheTensorThatDoesNotFitTheConfiguration() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("config.json", "\"intermediate_size\": 128", with: "\"intermediate_size\": 100")
        let error = #expect(throws: InferenceError.self) {
            try generate(GenerationRequest(prompt: .tokens([2]), maximumTokens: 1), model: try model.files())
        }
        #expect(
            error?.description.contains("layers.0.mlp.gate_proj.weight: expected shape [100, 64], got [128, 64]")
                == true)
    }

    /// Rows beyond the tokenizer are not masked, but a token of theirs never goes unsaid.
    @Test func warnsOfATokenBeyondTheTokenizer() throws {
        let model = try EditableModel(copying: "gemma3-mm")
        let name = "language_model.model.embed_tokens.weight"
        // Row 520 becomes ten times the row of the token that would win.
        let winner = try run(.tokens([2, 305]), 1, stops: false, model: "gemma3-mm").tokens[0]
        let rows = try model.bytes(name)
        var changed = rows
        for column in 0..<64 {
            let from = (winner * 64 + column) * 2
            let value = Float(bitPattern: (UInt32(rows[from + 1]) << 8 | UInt32(rows[from])) << 16)
            changed.replaceSubrange(
                ((520 * 64 + column) * 2)..<((520 * 64 + column) * 2 + 2), with: bf16Bytes(8 * value))
        }
        try model.write(name, changed)
        let result = try generate(
            GenerationRequest(prompt: .tokens([2, 305]), maximumTokens: 1), model: try model.files())
        #expect(result.tokens == [520])
        #expect(result.warnings.count == 1)
        #expect(result.warnings.first?.contains("token 520") == true)
    }

    @Test func encodesTheNamesThatTheCommandPromises() throws {
        let result = try generate(
            GenerationRequest(prompt: .tokens([2, 305, 314]), maximumTokens: 2, wantsLogits: true, wantsScore: true),
            model: try Fixtures.files("gemma3-trained"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(result)) as? [String: Any])
        #expect(object["tokens"] as? [Int] == result.tokens)
        #expect(object["text"] as? String == result.text)
        #expect((object["logits"] as? [Double])?.count == 512)
        // Foundation's JSON reader is off by one unit in the last place for some numbers.
        let meanNLL = try #require(object["meanNLL"] as? Double)
        #expect(abs(meanNLL - (try #require(result.meanNLL))) < 1e-12)
    }
}
