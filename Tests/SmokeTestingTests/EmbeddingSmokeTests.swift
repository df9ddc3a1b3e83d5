import FixtureModels
import Foundation
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

@Suite struct EmbeddingSmokeTests {
    /// The fixture's own sentences: each near its paraphrase and far from the next one's.
    private static func similarities() throws -> [ProbeSet.Similarity] {
        struct Golden: Decodable { let pairs: [[String]] }
        let data = try Data(contentsOf: URL(filePath: Fixtures.path("embedding-trained") + "/golden.json"))
        let pairs = try JSONDecoder().decode(Golden.self, from: data).pairs
        return pairs.indices.map { index in
            .init(
                language: "en", sentence: pairs[index][0], near: pairs[index][1],
                far: pairs[(index + 1) % pairs.count][1])
        }
    }

    private func test(_ model: String, _ similarities: [ProbeSet.Similarity]? = nil) throws -> SmokeTestReport {
        SmokeTest.run(job(model, similarities: try similarities ?? Self.similarities()))
    }

    @Test func aTrainedEmbeddingModelPasses() throws {
        let report = try test(Fixtures.path("embedding-trained"))
        #expect(report.modelClass == .embedding)
        #expect(report.verdict == .passed, "\(report.checks)")
        #expect(report[.embeddingVectors]?.value == "36 vectors of 48 numbers, lengths 1.0000 to 1.0000")
        #expect(report[.similarityOrder]?.value.hasPrefix("12 of 12 in order") == true)
        #expect(report[.similarityOrder]?.reason.contains("task: sentence similarity | query: ") == true)
        #expect(report[.deterministic]?.outcome == .passed)
        #expect(report[.meanNLL]?.outcome == .notApplicable)
        #expect(report[.adapterBase]?.outcome == .notApplicable)
    }

    @Test func sentencesInTheWrongOrderFail() throws {
        let turned = try Self.similarities().map {
            ProbeSet.Similarity(language: $0.language, sentence: $0.sentence, near: $0.far, far: $0.near)
        }
        let report = try test(Fixtures.path("embedding-trained"), turned)
        #expect(report.verdict == .failed)
        #expect(report[.similarityOrder]?.outcome == .failed)
        #expect(report[.similarityOrder]?.value.hasPrefix("0 of 12 in order") == true)
    }

    @Test func anUntrainedBodyFailsByItsOrder() throws {
        let model = try EditableModel(copying: "embedding-trained")
        for layer in 0..<3 {
            // The same numbers in another order: nothing but the meaning is lost.
            for part in ["q_proj", "o_proj"] {
                let name = "layers.\(layer).self_attn.\(part).weight"
                try model.write(name, Data(try model.bytes(name).reversed()))
            }
        }
        try model.write("embed_tokens.weight", Data(try model.bytes("embed_tokens.weight").reversed()))
        let report = try test(model.path)
        #expect(report.verdict == .failed, "\(report.checks)")
    }

    @Test func withoutModulesTheMeanIsTakenAndTheReportWarns() throws {
        let model = try EditableModel(copying: "embedding-trained")
        for name in ["modules.json", "2_Dense", "3_Dense"] { try model.remove(name) }
        let report = try test(model.path)
        #expect(report.modelClass == .embedding)
        #expect(report[.embeddingVectors]?.value.contains("vectors of 64 numbers") == true)
        #expect(report[.similarityOrder]?.outcome == .warned || report[.similarityOrder]?.outcome == .failed)
        #expect(report.verdict != .passed)
    }

    @Test func aCollapsedModelFails() throws {
        let model = try EditableModel(copying: "embedding-trained")
        // A last norm of almost -1 for all but one place: every state points the same way.
        var norm = Data()
        for index in 0..<64 { norm += index == 0 ? bf16Bytes(1e4) : bf16Bytes(-1) }
        try model.write("norm.weight", norm)
        let report = try test(model.path)
        #expect(report.verdict == .failed)
        #expect(
            report.checks.contains {
                $0.outcome == .failed && ($0.name == .embeddingVectors || $0.name == .similarityOrder)
            })
    }

    @Test func aNaNInADenseLayerIsFound() throws {
        let model = try EditableModel(copying: "embedding-trained")
        let url = URL(filePath: model.path + "/2_Dense/model.safetensors")
        var data = try Data(contentsOf: url)
        data.replaceSubrange((data.count - 4)..., with: f32Bytes(.nan))
        try data.write(to: url)
        let report = try test(model.path)
        #expect(report.verdict == .failed)
        #expect(report[.noNaNOrInf]?.reason.contains("linear.weight in 2_Dense/model.safetensors holds 1 NaN") == true)
    }

    @Test func anEmptyProbeIsNoPass() throws {
        let report = try test(Fixtures.path("embedding-trained"), [])
        #expect(report.verdict == .failed)
        #expect(report[.embeddingVectors]?.reason.contains("the set test has none") == true)
    }

    @Test(arguments: [
        ("modules.json", "sentence_transformers.models.Normalize", "sentence_transformers.models.LSTM", "LSTM"),
        ("modules.json", "sentence_transformers.models.Dense", "my_module.Dense", "a module of sentence_transformers"),
        ("2_Dense/config.json", "Identity", "GELU", "GELU"),
        ("2_Dense/config.json", "\"in_features\": 64", "\"in_features\": 65", "in_features"),
        ("2_Dense/config.json", "\"bias\": false", "\"bias\": true", "linear.bias"),
        ("3_Dense/config.json", "\"out_features\": 48", "\"out_features\": 49", "linear.weight"),
        (
            "1_Pooling/config.json", "\"word_embedding_dimension\": 64", "\"word_embedding_dimension\": 63",
            "the model's"
        ),
        ("1_Pooling/config.json", "\"include_prompt\": true", "\"include_prompt\": false", "include_prompt"),
        ("config.json", "\"gemma3_text\"", "\"gemma2\"", "gemma2 as an embedding model"),
        ("config.json", "\"head_dim\": 16", "\"head_dim\": 32", "q_proj"),
    ])
    func aModuleThatIsNotComputedOrDoesNotFitIsNamed(
        _ file: String, _ old: String, _ new: String, _ reason: String
    ) throws {
        let model = try EditableModel(copying: "embedding-trained")
        try model.replace(file, old, with: new)
        let report = try test(model.path)
        #expect(report.verdict == .failed || report.verdict == .unsupported)
        #expect(report.checks.contains { $0.reason.contains(reason) }, "\(report.checks)")
    }
}
