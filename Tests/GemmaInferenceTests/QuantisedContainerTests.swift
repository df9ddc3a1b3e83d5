import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// gemma3-trained in the containers of MLX, bitsandbytes, compressed-tensors and fine-grained FP8 against transformers in
/// float32 on the weights that those libraries dequantise, see Tests/Fixtures/Models/make_quantised.py.
@Suite struct QuantisedContainerTests {
    private static let names = [
        "mlx-affine", "mlx-modes", "bnb-nf4", "bnb-fp4-nested", "bnb-int8", "ct-int4-group", "ct-int8-channel",
        "ct-int8-plain", "ct-fp8-tensor", "ct-fp8-channel", "fp8-blocks",
    ]

    private struct QuantisedGolden: Decodable {
        let promptIds: [Int]
        let lastLogitsF32: [Float]
        let greedy16F32: [Int]
        let lastLogitsLoraDoraF32: [Float]
    }

    private static func golden(_ name: String) throws -> QuantisedGolden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            QuantisedGolden.self, from: Data(contentsOf: Fixtures.models.appending(path: "\(name)/golden.json")))
    }

    @Test(arguments: names)
    func givesTheLogitsAndTokensOfItsDequantisedWeights(_ name: String) throws {
        let golden = try Self.golden(name)
        let result = try generate(
            GenerationRequest(
                prompt: .tokens(golden.promptIds), maximumTokens: 16, wantsLogits: true, stopsAtEndOfSequence: false),
            model: try Fixtures.files(name))
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32) < 5e-5)
        #expect(result.tokens == golden.greedy16F32)
    }

    @Test(arguments: names)
    func carriesAnAdapter(_ name: String) throws {
        let golden = try Self.golden(name)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 0, wantsLogits: true),
            model: try Fixtures.files(name), adapter: try Fixtures.files("lora-dora"))
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsLoraDoraF32) < 5e-5)
    }

    @Test(arguments: names, [WeightResidency.mapped, .frugal])
    func cachedBlocksEqualOneTokenAtATimeBitForBit(_ name: String, _ residency: WeightResidency) throws {
        let tokens = try Self.golden(name).promptIds
        let loaded = try LoadedModel(reading: try Fixtures.files(name), residency: residency)
        let model = try loaded.makeModel(capacity: tokens.count)
        var alone: [Float] = []
        for index in tokens.indices { alone = Array(model.forward(tokens[index...index], logits: .last)) }
        model.reset()
        var blocks: [Float] = []
        for start in stride(from: 0, to: tokens.count, by: 16) {
            blocks = Array(model.forward(tokens[start..<min(start + 16, tokens.count)], logits: .last))
        }
        #expect(alone.map(\.bitPattern) == blocks.map(\.bitPattern))
    }

    @Test(arguments: names)
    func passesTheInspection(_ name: String) throws {
        let inspection = ModelInspection(of: try Fixtures.files(name))
        let plain = ModelInspection(of: try Fixtures.files("gemma3-trained"))
        #expect(inspection[.config]?.outcome == .passed)
        #expect(inspection[.tensorShapes]?.outcome == .passed, "\(inspection[.tensorShapes]?.message ?? "")")
        #expect(inspection.parameterCount == plain.parameterCount)
    }

    @Test(arguments: [
        ("mlx-affine", "\"bits\": 4", "\"bits\": 3", "expected"),
        ("mlx-affine", "\"group_size\": 64", "\"group_size\": 48", "groups of 48"),
        ("mlx-modes", "\"mode\": \"mxfp4\"", "\"mode\": \"mxfp5\"", "unsupported: mlx"),
        ("mlx-modes", "\"bits\": 8", "\"bits\": 4", "unsupported: mlx"),
        ("bnb-nf4", "\"bitsandbytes\"", "\"awq\"", "config.json: unsupported: awq: quantised weights"),
        (
            "ct-int4-group", "\"compressed-tensors\"", "\"fp8\"",
            "unsupported: fp8: quantised weights, as quantization_config says, but"
        ),
    ])
    func refusesSettingsThatTheTensorsContradict(
        _ name: String, _ old: String, _ new: String, _ message: String
    ) throws {
        let model = try EditableModel(copying: name)
        let config = try String(contentsOfFile: model.path + "/config.json", encoding: .utf8)
        try #require(config.contains(old))
        try config.replacing(old, with: new)
            .write(toFile: model.path + "/config.json", atomically: true, encoding: .utf8)
        let error = #expect(throws: ModelFormatError.self) { try LoadedModel(reading: try model.files()) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "nothing")")
    }
}
