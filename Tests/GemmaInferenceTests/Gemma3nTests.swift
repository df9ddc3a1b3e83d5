import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// What the golden fixtures of Gemma 3n do not show by themselves.
@Suite struct Gemma3nTests {
    private func logits(_ model: ModelFiles, _ tokens: [Int]) throws -> [Float] {
        let request = GenerationRequest(prompt: .tokens(tokens), maximumTokens: 0, wantsLogits: true)
        return try #require(try generate(request, model: model).logits)
    }

    /// The published files carry keys and values for the layers that share another's.
    @Test func ignoresTheKeysAndValuesOfSharingLayers() throws {
        let golden = try Fixtures.golden("gemma3n"), model = try EditableModel(copying: "gemma3n")
        let extras = [3, 4].flatMap { layer in
            [("k_proj", [16, 64]), ("v_proj", [16, 64]), ("k_norm", [16])].map { name, shape in
                (
                    "model.layers.\(layer).self_attn.\(name).weight", shape,
                    Data(repeating: 0x3F, count: 4 * shape.reduce(1, *))
                )
            }
        }
        try model.rewrite(as: "F32", width: 4, f32Bytes, extra: extras)
        #expect(ModelInspection(of: try model.files())[.tensorShapes]?.outcome == .passed)
        #expect(largestDifference(try logits(model.files(), golden.promptIds), golden.lastLogitsF32) < 1e-4)
    }

    /// Names under which transformers finds the text model: its own, its bare body's, those of a wrapper.
    @Test(arguments: ["model.", "", "model.language_model."])
    func runsUnderTheNamesOfItsClass(_ prefix: String) throws {
        let golden = try Fixtures.golden("gemma3n"), model = try EditableModel(copying: "gemma3n")
        try model.rewrite(as: "F32", width: 4, f32Bytes) { prefix + $0.dropFirst("model.".count) }
        #expect(largestDifference(try logits(model.files(), golden.promptIds), golden.lastLogitsF32) < 1e-4)
    }

    /// 500 rows for 512 ids.
    @Test func anIdBeyondThePerLayerTableReadsItsFirstRow() throws {
        let model = try EditableModel(copying: "gemma3n")
        let name = "model.embed_tokens_per_layer.weight", before = try logits(model.files(), [2, 505])
        let width = 5 * 8 * 2
        var table = try model.bytes(name)
        table.replaceSubrange(0..<width, with: Data(repeating: 0x3F, count: width))
        try model.write(name, table)
        #expect(largestDifference(try logits(model.files(), [2, 505]), before) > 0.1)
        #expect(try logits(model.files(), [2, 305]) == logits(Fixtures.files("gemma3n"), [2, 305]))
    }

    /// Ids 490 to 505 are embedded as images, 506 to 511 as sounds; their rows of the text's table go unread.
    @Test(arguments: [(id: 490, isText: false), (505, false), (506, false), (511, false), (489, true)])
    func theWrapperEmbedsImageAndSoundIdsFromTheirOwnTables(_ token: (id: Int, isText: Bool)) throws {
        let changed = try EditableModel(copying: "gemma3n-mm")
        let name = "model.language_model.embed_tokens.weight", width = 64 * 2
        var table = try changed.bytes(name)
        let row = (token.id * width)..<((token.id + 1) * width)
        // One number of the row; the head is tied, so the logit of the id itself changes all the same.
        table.replaceSubrange(row.lowerBound..<(row.lowerBound + 2), with: bf16Bytes(3))
        try changed.write(name, table)
        var (before, after) = (
            try logits(Fixtures.files("gemma3n-mm"), [2, token.id, 305]),
            try logits(changed.files(), [2, token.id, 305])
        )
        before.remove(at: token.id)
        after.remove(at: token.id)
        #expect((largestDifference(before, after) > 1e-3) == token.isText)
    }

    @Test func namesTheEmbedderThatDoesNotFitTheConfiguration() throws {
        let model = try EditableModel(copying: "gemma3n-mm")
        try model.replace("config.json", "\"hidden_size\": 24", with: "\"hidden_size\": 25")
        let check = ModelInspection(of: try model.files())[.tensorShapes]
        #expect(check?.outcome == .failed)
        #expect(check?.message.contains("model.embed_vision.embedding.weight") == true)
        #expect(check?.message.contains("[16, 25]") == true)
    }
}
