import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// What the goldens of Gemma 4 do not show; expectations are what transformers 5.23.0 did with the same change.
@Suite struct Gemma4Tests {
    private func logits(_ tokens: [Int], _ files: ModelFiles) throws -> [Float] {
        let request = GenerationRequest(prompt: .tokens(tokens), maximumTokens: 0, wantsLogits: true)
        return try #require(try generate(request, model: files).logits)
    }

    /// A copy whose tensors have other names; the fixtures hold BF16-exact values.
    private func renamed(_ fixture: String, _ prefix: String, to other: String) throws -> EditableModel {
        let model = try EditableModel(copying: fixture)
        try model.rewrite(as: "F32", width: 4, f32Bytes) { name in
            name.hasPrefix(prefix) ? other + name.dropFirst(prefix.count) : name
        }
        return model
    }

    @Test(arguments: [
        ("gemma4-moe", "model.", ""), ("gemma4-ple", "model.", "model."),
        ("gemma4-mm", "model.language_model.", "language_model."),
        ("gemma4-unified", "model.language_model.", "language_model."),
    ])
    func runsUnderTheNamesOfItsClass(_ fixture: String, _ prefix: String, _ other: String) throws {
        let golden = try Fixtures.golden(fixture)
        let model = try renamed(fixture, prefix, to: other)
        #expect(largestDifference(try logits(golden.promptIds, try model.files()), golden.lastLogitsF32) < 5e-5)
        #expect(ModelInspection(of: try model.files())[.tensorShapes]?.outcome == .passed)
    }

    @Test(arguments: [
        ("gemma4-moe", "model.", "model.language_model."), ("gemma4-mm", "model.language_model.", "model."),
        ("gemma4-mm", "model.language_model.", "language_model.model."),
    ])
    func refusesTheNamesOfAnotherClass(_ fixture: String, _ prefix: String, _ other: String) throws {
        let model = try renamed(fixture, prefix, to: other)
        let error = #expect(throws: ModelFormatError.self) { try logits([2], try model.files()) }
        #expect(error?.description.contains("tensor \(prefix)embed_tokens.weight") == true)
    }

    /// image 12, video 6, audio 5; the padding is token 0.
    @Test(arguments: ["gemma4-mm", "gemma4-unified"])
    func theWrapperReadsMediaTokensAsPadding(_ fixture: String) throws {
        let files = try Fixtures.files(fixture)
        let padding = try logits([2, 305, 0, 0, 0, 17], files)
        #expect(try logits([2, 305, 12, 6, 5, 17], files) == padding)
        #expect(try logits([2, 305, 13, 6, 5, 17], files) != padding)
    }

    @Test func aTextModelReadsEveryTokenAsItself() throws {
        let files = try Fixtures.files("gemma4-ple")
        #expect(try logits([2, 305, 12, 6, 5, 17], files) != (try logits([2, 305, 0, 0, 0, 17], files)))
    }

    /// Published repositories carry weights for keys and values that the last layers do not make.
    @Test func ignoresKeysAndValuesOfLayersThatReadAnothersOnes() throws {
        let golden = try Fixtures.golden("gemma4-ple")
        let model = try EditableModel(copying: "gemma4-ple")
        let noise = Data((0..<(16 * 64)).flatMap { f32Bytes(Float($0 % 7) - 3) })
        let extra = ["k_proj", "v_proj"].map { ("model.layers.3.self_attn.\($0).weight", [16, 64], noise) }
        let norm = Data((0..<16).flatMap { _ in f32Bytes(9) })
        try model.rewrite(
            as: "F32", width: 4, f32Bytes, extra: extra + [("model.layers.3.self_attn.k_norm.weight", [16], norm)])
        #expect(largestDifference(try logits(golden.promptIds, try model.files()), golden.lastLogitsF32) < 5e-5)
        #expect(ModelInspection(of: try model.files())[.tensorShapes]?.outcome == .passed)
    }

    @Test(arguments: [
        ("gemma4-dense", "model.layers.1.layer_scalar"), ("gemma4-moe", "model.layers.2.experts.down_proj"),
        ("gemma4-moe", "model.layers.0.router.per_expert_scale"), ("gemma4-ple", "model.embed_tokens_per_layer.weight"),
        ("gemma4-ple", "model.layers.2.self_attn.v_proj.weight"),
    ])
    func namesATensorThatIsMissing(_ fixture: String, _ name: String) throws {
        let model = try EditableModel(copying: fixture)
        try model.rewrite(as: "F32", width: 4, f32Bytes) { $0 == name ? "elsewhere" : $0 }
        let error = #expect(throws: InferenceError.self) { try logits([2], try model.files()) }
        #expect(error?.description.contains("tensor \(name): expected shape") == true)
    }

    /// Tokens that chose the same expert go through it together; each must come out as if alone.
    @Test func everyRowOfABlockHasTheBitsThatItHasAlone() throws {
        let golden = try Fixtures.golden("gemma4-moe")
        let model = try LoadedModel(reading: try Fixtures.files("gemma4-moe")).makeModel(capacity: 16)
        let tokens = golden.promptIds[..<16]
        let all = Array(model.forward(tokens, logits: .all))
        model.reset()
        for (row, index) in tokens.indices.enumerated() {
            let one = Array(model.forward(tokens[index...index], logits: .last))
            #expect(all[(row * 512)..<((row + 1) * 512)].map(\.bitPattern) == one.map(\.bitPattern))
        }
    }

    /// Equal probabilities: the first expert of them, as torch.topk on the processor does.
    @Test func amongEqualExpertsTheFirstIsTaken() throws {
        let model = try EditableModel(copying: "gemma4-moe")
        let name = "model.layers.0.router.proj.weight"
        try model.write(name, Data(count: try model.bytes(name).count))
        let scale = "model.layers.0.router.per_expert_scale"
        let before = try logits([2, 305, 17], try model.files())
        // The last six of eight experts are not chosen, so their scale means nothing; the second's does.
        try model.write(scale, at: 7, bits: 0x42C8)
        #expect(try logits([2, 305, 17], try model.files()) == before)
        try model.write(scale, at: 1, bits: 0x42C8)
        #expect(try logits([2, 305, 17], try model.files()) != before)
    }

    @Test func aNaNInTheRouterGivesNaNAndEnds() throws {
        let model = try EditableModel(copying: "gemma4-moe")
        try model.write("model.layers.0.router.proj.weight", at: 3, bits: 0x7FC0)
        #expect(try logits([2, 305, 17], try model.files()).contains(where: \.isNaN))
    }
}
