import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// Names as transformers 5.23.0 loads them: what it would leave random is refused, what it loads gives its logits.
@Suite struct TensorNameTests {
    private static let head = "lm_head.weight", wrapperHead = "language_model.lm_head.weight"

    /// A copy whose tensors have other names, with heads that are the embedding times a factor.
    private func model(
        _ fixture: String, prefix: String, heads: [(name: String, factor: Float)] = [], ties: Bool = true
    ) throws -> EditableModel {
        let model = try EditableModel(copying: fixture)
        let published = fixture == "gemma3-mm" ? "language_model.model." : "model."
        let embedding = try model.bytes(published + "embed_tokens.weight")
        let extra = heads.map { name, factor in
            var scaled = Data()
            for index in stride(from: 0, to: embedding.count, by: 2) {
                scaled += f32Bytes(
                    factor * Float(bitPattern: (UInt32(embedding[index + 1]) << 8 | UInt32(embedding[index])) << 16))
            }
            return (name, [embedding.count / 128, 64], scaled)
        }
        try model.rewrite(as: "F32", width: 4, f32Bytes, extra: extra) { name in
            name.hasPrefix(published) ? prefix + name.dropFirst(published.count) : name
        }
        let config = try String(contentsOfFile: model.path + "/config.json", encoding: .utf8)
        try config.replacing("\"tie_word_embeddings\": true", with: "\"tie_word_embeddings\": \(ties)")
            .write(toFile: model.path + "/config.json", atomically: true, encoding: .utf8)
        return model
    }

    private func logits(_ fixture: String, of model: EditableModel) throws -> [Float] {
        let request = GenerationRequest(
            prompt: .tokens(try Fixtures.golden(fixture).promptIds), maximumTokens: 0, wantsLogits: true)
        return try #require(try generate(request, model: try model.files()).logits)
    }

    @Test(arguments: [
        ("gemma", "model."), ("gemma", ""), ("gemma2", "model."), ("gemma2", ""),
        ("gemma3-trained", "model."), ("gemma3-trained", ""),
        ("gemma3-mm", "language_model.model."), ("gemma3-mm", "model.language_model."),
    ])
    func runsUnderTheNamesOfItsClass(_ fixture: String, _ prefix: String) throws {
        let found = try logits(fixture, of: try model(fixture, prefix: prefix))
        #expect(largestDifference(found, try Fixtures.golden(fixture).lastLogitsF32) < 1e-4)
    }

    @Test(arguments: [
        ("gemma", "language_model.model."), ("gemma2", "model.language_model."),
        ("gemma3-trained", "language_model.model."), ("gemma3-trained", "model.language_model."),
        ("gemma3-mm", "model."), ("gemma3-mm", ""),
    ])
    func refusesTheNamesOfAnotherClass(_ fixture: String, _ prefix: String) throws {
        let changed = try model(fixture, prefix: prefix)
        let published = fixture == "gemma3-mm" ? "language_model.model." : "model."
        #expect(ModelInspection(of: try changed.files())[.tensorShapes]?.outcome == .failed)
        let error = #expect(throws: ModelFormatError.self) {
            try generate(GenerationRequest(prompt: .tokens([2]), maximumTokens: 1), model: try changed.files())
        }
        #expect(error?.description.contains("tensor \(published)embed_tokens.weight") == true)
    }

    @Test(
        arguments: [
            ("gemma", [head]), ("gemma3-trained", [head]), ("gemma3-mm", [head]), ("gemma3-mm", [wrapperHead]),
            ("gemma3-mm", [head, wrapperHead]),
        ], [true, false])
    func usesTheHeadOfItsClass(_ model: (fixture: String, names: [String]), _ ties: Bool) throws {
        let prefix = model.fixture == "gemma3-mm" ? "model.language_model." : "model."
        let changed = try self.model(model.fixture, prefix: prefix, heads: model.names.map { ($0, 2) }, ties: ties)
        let expected = try Fixtures.golden(model.fixture).lastLogitsF32.map { 2 * $0 }
        #expect(largestDifference(try logits(model.fixture, of: changed), expected) < 2e-4)
    }

    /// transformers would take the second; whoever stored two did not mean that.
    @Test func refusesTwoHeadsThatDiffer() throws {
        let changed = try model(
            "gemma3-mm", prefix: "model.language_model.", heads: [(Self.head, 2), (Self.wrapperHead, 3)])
        let error = #expect(throws: InferenceError.self) { try logits("gemma3-mm", of: changed) }
        #expect(
            error?.description.contains("tensor lm_head.weight: expected the values of \(Self.wrapperHead)") == true)
    }

    /// The text class knows no head of the wrapper: it is no head, and an untied model lacks its own.
    @Test func aTextModelHasNoHeadOfTheWrapper() throws {
        let tied = try model("gemma3-trained", prefix: "model.", heads: [(Self.wrapperHead, 2)])
        #expect(ModelInspection(of: try tied.files())[.tensorShapes]?.outcome == .warned)
        let golden = try Fixtures.golden("gemma3-trained").lastLogitsF32
        #expect(largestDifference(try logits("gemma3-trained", of: tied), golden) < 1e-4)
        let untied = try model("gemma3-trained", prefix: "model.", heads: [(Self.wrapperHead, 2)], ties: false)
        let check = ModelInspection(of: try untied.files())[.tensorShapes]
        #expect(check?.message == "config.json: lm_head.weight of shape [512, 64] is missing")
    }
}
