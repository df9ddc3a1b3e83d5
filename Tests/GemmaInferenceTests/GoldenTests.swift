import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// The engine against transformers 5.23.0 in float32. The bound is 5e-5, twenty times under what is asked for; every
/// classic mistake (norm without the 1, window off by one, a theta mixed up) moves the logits by 0.02 to 8.
@Suite struct GoldenTests {
    private static let tolerance: Float = 5e-5
    /// PyTorch's own logits of this fixture are 4.3e-5 from what it computes in F64, ours 0.8e-5.
    private static let gemma3nTolerance: Float = 1e-4

    @Test(arguments: Fixtures.all)
    func givesTheLogitsOfTransformers(_ name: String) throws {
        let golden = try Fixtures.golden(name)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 0, wantsLogits: true),
            model: try Fixtures.files(name))
        let tolerance = name == "gemma3n" ? Self.gemma3nTolerance : Self.tolerance
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32) < tolerance)
        #expect(result.tokens == [])
    }

    @Test(arguments: Fixtures.all)
    func choosesTheSameSixteenTokens(_ name: String) throws {
        let golden = try Fixtures.golden(name)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 16, stopsAtEndOfSequence: false),
            model: try Fixtures.files(name))
        #expect(result.tokens == golden.greedy16F32)
        #expect(result.text?.utf8.elementsEqual(golden.greedy16Text.utf8) == true)
    }

    @Test(arguments: Fixtures.all)
    func scoresATextAsTransformersDoes(_ name: String) throws {
        let golden = try Fixtures.golden(name)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.nllIds), maximumTokens: 0, wantsScore: true),
            model: try Fixtures.files(name))
        #expect(abs(try #require(result.meanNLL) - golden.meanNllF32) < 1e-5)
    }

    @Test(arguments: Fixtures.all)
    func readsTheSamePromptFromText(_ name: String) throws {
        let golden = try Fixtures.golden(name)
        let result = try generate(
            GenerationRequest(prompt: .text(golden.prompt), maximumTokens: 1), model: try Fixtures.files(name))
        #expect(result.promptTokens == golden.promptIds)
    }

    /// A prompt of 44 tokens and a window of 8: the ring of the sliding layers wraps, and blocks cut at any place must
    /// give the same bits as one token at a time.
    @Test(arguments: Fixtures.all)
    func cachedBlocksEqualOneTokenAtATimeBitForBit(_ name: String) throws {
        let golden = try Fixtures.golden(name)
        let loaded = try LoadedModel(reading: try Fixtures.files(name))
        let model = try loaded.makeModel(capacity: golden.promptIds.count)
        var alone: [Float] = []
        for index in golden.promptIds.indices {
            alone = Array(model.forward(golden.promptIds[index...index], logits: .last))
        }
        for cut in [1, 3, 7, 8, 9, 16] {
            model.reset()
            var blocks: [Float] = []
            for start in stride(from: 0, to: golden.promptIds.count, by: cut) {
                let end = min(start + cut, golden.promptIds.count)
                blocks = Array(model.forward(golden.promptIds[start..<end], logits: .last))
            }
            #expect(alone.map(\.bitPattern) == blocks.map(\.bitPattern), "blocks of \(cut)")
        }
    }

    @Test func everyRowOfABlockHasTheLogitsOfItsPosition() throws {
        let golden = try Fixtures.golden("gemma3")
        let loaded = try LoadedModel(reading: try Fixtures.files("gemma3"))
        let model = try loaded.makeModel(capacity: 16)
        let tokens = golden.promptIds[..<16]
        let all = Array(model.forward(tokens, logits: .all))
        model.reset()
        for (row, index) in tokens.indices.enumerated() {
            let one = Array(model.forward(tokens[index...index], logits: .last))
            #expect(Array(all[(row * 512)..<((row + 1) * 512)]).map(\.bitPattern) == one.map(\.bitPattern))
        }
    }

    /// The fixtures hold BF16-exact values, so other element types must give the same logits; the file's data also
    /// starts at an odd address.
    @Test func readsF32WeightsAtAnyAlignment() throws {
        let golden = try Fixtures.golden("gemma3-trained")
        let model = try EditableModel(copying: "gemma3-trained")
        try model.rewrite(as: "F32", width: 4, f32Bytes)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 16, wantsLogits: true),
            model: try model.files())
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32) < Self.tolerance)
        #expect(result.tokens == golden.greedy16F32)
    }

    @Test func readsF16Weights() throws {
        let golden = try Fixtures.golden("gemma3-trained")
        let model = try EditableModel(copying: "gemma3-trained")
        try model.rewrite(as: "F16", width: 2, f16Bytes)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 16, wantsLogits: true),
            model: try model.files())
        // Weights under 6e-5 lose bits as halves.
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32) < 1e-3)
        #expect(result.tokens == golden.greedy16F32)
    }

    @Test func readsBF16WeightsAtAnOddAddress() throws {
        let golden = try Fixtures.golden("gemma3-trained")
        let model = try EditableModel(copying: "gemma3-trained")
        try model.rewrite(as: "BF16", width: 2, bf16Bytes)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 0, wantsLogits: true),
            model: try model.files())
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32) < Self.tolerance)
    }

    /// An untied head of twice the embedding doubles every logit.
    @Test(arguments: [true, false])
    func usesAnOutputHeadOfItsOwn(_ isDeclared: Bool) throws {
        let golden = try Fixtures.golden("gemma3-trained")
        let model = try EditableModel(copying: "gemma3-trained")
        let embedding = try model.bytes("model.embed_tokens.weight")
        var doubled = Data()
        for index in stride(from: 0, to: embedding.count, by: 2) {
            doubled += f32Bytes(
                2 * Float(bitPattern: (UInt32(embedding[index + 1]) << 8 | UInt32(embedding[index])) << 16))
        }
        try model.rewrite(as: "F32", width: 4, f32Bytes, extra: [("lm_head.weight", [512, 64], doubled)])
        if isDeclared {
            try model.replace("config.json", "\"tie_word_embeddings\": true", with: "\"tie_word_embeddings\": false")
        }
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 0, wantsLogits: true),
            model: try model.files())
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32.map { 2 * $0 }) < 1e-4)
    }
}
