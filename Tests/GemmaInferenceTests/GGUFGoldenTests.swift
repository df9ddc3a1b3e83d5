import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// GGUF files as llama.cpp writes them, against transformers 5.23.0 in float32 on the dequantised weights
/// (Tests/Fixtures/GGUF/make_gguf.py, make_goldens.py). Every generation and every block type is there once.
@Suite struct GGUFGoldenTests {
    private static let tolerance: Float = 1e-4

    struct Golden: Decodable {
        let promptIds: [Int]
        let nllIds: [Int]
        let lastLogits: [Float]
        let greedy16: [Int]
        let meanNll: Double
    }

    private static let directory = Fixtures.models.deletingLastPathComponent().appending(path: "GGUF")

    static let all = [
        "gemma-f16", "gemma2-bf16", "gemma2-q8_0", "gemma2-k256-q2_k", "gemma2-k256-q3_k_m", "gemma2-k256-q4_1",
        "gemma2-k256-q5_0", "gemma2-k256-q5_1", "gemma2-k256-iq4_nl", "gemma2-k256-iq4_xs", "gemma3-mm-f16",
        "gemma3-trained-q4_0", "gemma3-trained-q8_0", "gemma3n-f16", "gemma4-dense-f16", "gemma4-moe-q8_0",
        "gemma4-ple-f16",
    ]

    static func files(_ name: String) -> ModelFiles {
        ModelFiles([.init(path: "\(name).gguf", location: directory.appending(path: "\(name).gguf").path)])
    }

    static func golden(_ name: String) throws -> Golden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let all = try decoder.decode(
            [String: Golden].self, from: Data(contentsOf: directory.appending(path: "goldens.json")))
        return try #require(all[name])
    }

    @Test(arguments: GGUFGoldenTests.all)
    func givesTheLogitsOfTheDequantisedWeights(_ name: String) throws {
        let golden = try Self.golden(name)
        let result = try generate(
            GenerationRequest(
                prompt: .tokens(golden.promptIds), maximumTokens: 16, wantsLogits: true, stopsAtEndOfSequence: false),
            model: Self.files(name))
        // The converter drops the rows of the embedding that no piece has; the golden is as long as what it keeps.
        #expect(largestDifference(try #require(result.logits), golden.lastLogits) < Self.tolerance)
        #expect(result.tokens == golden.greedy16)
    }

    @Test(arguments: GGUFGoldenTests.all)
    func scoresATextAsTheDequantisedWeightsDo(_ name: String) throws {
        let golden = try Self.golden(name)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.nllIds), maximumTokens: 0, wantsScore: true),
            model: Self.files(name))
        #expect(abs(try #require(result.meanNLL) - golden.meanNll) < 1e-4)
    }

    /// The vocabulary of the file gives the ids of the tokenizer.json that it was converted from.
    @Test(arguments: ["gemma-f16", "gemma3-mm-f16", "gemma3-trained-q4_0", "gemma3n-f16", "gemma4-ple-f16"])
    func readsTheSamePromptFromText(_ name: String) throws {
        let original = try Fixtures.golden(String(name.prefix { $0 != "-" }) == "gemma4" ? "gemma4-ple" : "gemma3")
        let result = try generate(
            GenerationRequest(prompt: .text(original.prompt), maximumTokens: 1), model: Self.files(name))
        #expect(result.promptTokens == original.promptIds)
        #expect(result.text != nil)
    }

    @Test func oneFileBringsWeightsConfigurationAndTokenizer() throws {
        let whole = try LoadedModel(reading: Self.files("gemma3-trained-q8_0"))
        #expect(whole.tensors.container == .gguf)
        #expect(whole.tensors.normsAreScales)
        #expect(whole.configuration.endOfSequence == [1, 9])
        #expect(whole.tokenizer != nil)
    }
}
