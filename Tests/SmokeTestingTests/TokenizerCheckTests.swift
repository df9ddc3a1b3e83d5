import FixtureModels
import Foundation
import RegistryCore
import SmokeTesting
import Testing

@Suite struct TokenizerCheckTests {
    @Test func aTokenizerOfAnotherGenerationFails() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.remove("tokenizer.json")
        try FileManager.default.copyItem(
            atPath: Fixtures.path("gemma4-trained") + "/tokenizer.json", toPath: model.path + "/tokenizer.json")
        let check = try #require(SmokeTest.run(BehaviourJob.make(model.path, .instruct))[.tokenizerSize])
        #expect(check.outcome == .failed)
        #expect(check.reason.contains("<start_of_turn> is "))
        #expect(check.reason.contains("another generation's tokenizer"))
    }

    @Test func aTokenizerWithIdsBeyondTheEmbeddingFails() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace(
            "tokenizer.json", "\"added_tokens\": [",
            with:
                "\"added_tokens\": [{\"id\": 512, \"content\": \"<extra>\", \"special\": true, \"normalized\": false},")
        let check = try #require(SmokeTest.run(BehaviourJob.make(model.path, .instruct))[.tokenizerSize])
        #expect(check.outcome == .failed, "\(check)")
        #expect(check.reason == "the tokenizer has ids up to 512, and no row for 512 and above")
    }

    @Test func aBeginningThatTheTokenizerDoesNotAddFails() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.dropBeginning()
        let report = SmokeTest.run(BehaviourJob.make(model.path, .instruct))
        #expect(report[.specialTokens]?.outcome == .failed)
        #expect(report[.specialTokens]?.reason.contains("no <bos> before a text") == true)
        #expect(report[.noNaNOrInf]?.outcome == .skipped)
    }

    @Test func gemma4LeavesItsBeginningToTheTemplate() throws {
        // gemma4-mm has a tokenizer for conversations: its template prints <bos>.
        let chat = SmokeTest.run(BehaviourJob.make(Fixtures.path("gemma4-mm"), .instruct, maximumMeanNLL: 30))
        #expect(chat[.specialTokens]?.outcome == .passed)
        #expect(chat[.specialTokens]?.reason.contains("the chat template prints the <bos>") == true)
        let plain = try EditableModel(copying: "gemma4-trained")
        try plain.dropBeginning()
        #expect(SmokeTest.run(BehaviourJob.make(plain.path, .base))[.specialTokens]?.outcome == .failed)
    }

    @Test func twoBeginningsFail() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace(
            "tokenizer.json", "\"single\": [",
            with: "\"single\": [{\"SpecialToken\": {\"id\": \"<bos>\", \"type_id\": 0}},")
        let check = try #require(SmokeTest.run(BehaviourJob.make(model.path, .base))[.specialTokens])
        #expect(check.outcome == .failed, "\(check)")
        #expect(check.reason == "the tokenizer puts 2 <bos> before a text; every Gemma wants one")
    }

    @Test func anAnswerThatCannotEndFailsWhereAnAnswerIsWanted() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.remove("generation_config.json")
        let chat = SmokeTest.run(BehaviourJob.make(model.path, .instruct))[.specialTokens]
        #expect(chat?.outcome == .failed)
        #expect(chat?.reason.contains("<end_of_turn> ends a turn and is not among eos_token_id") == true)
        #expect(SmokeTest.run(BehaviourJob.make(model.path, .base))[.specialTokens]?.outcome == .passed)
        // With nothing but a template to say that it answers, it may be a base model with its tokenizer's files.
        var job = BehaviourJob.make(model.path, .instruct)
        job.modelClass = nil
        #expect(SmokeTest.run(job)[.specialTokens]?.outcome == .warned)
        job.repository = "sample/gemma-3-tiny-it"
        #expect(SmokeTest.run(job)[.specialTokens]?.outcome == .failed)
    }

    @Test func aStatedFalseAddBosTokenIsBelieved() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("tokenizer_config.json", "\"add_bos_token\": true", with: "\"add_bos_token\": false")
        let check = SmokeTest.run(BehaviourJob.make(model.path, .instruct))[.specialTokens]
        #expect(check?.outcome == .failed)
        #expect(check?.reason.contains("add_bos_token of tokenizer_config.json is false") == true)
    }

    @Test func turnTokensOfTypeNormalFail() throws {
        let source = Fixtures.models.deletingLastPathComponent().appending(path: "GGUF/gemma3-trained-q8_0.gguf")
        let sound = SmokeTest.run(BehaviourJob.make(source.path, .instruct))
        #expect(sound[.specialTokens]?.outcome == .passed, "\(sound.checks)")

        let folder = FileManager.default.temporaryDirectory.appending(path: "gguf-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let spoilt = folder.appending(path: "spoilt.gguf")
        var bytes = try Data(contentsOf: source)
        // Key, type array (9) of i32 (5), count 512; then a type for each id. 8 is <start_of_turn>.
        let key = Data("tokenizer.ggml.token_type".utf8)
        let types = try #require(bytes.range(of: key)).upperBound + 4 + 4 + 8
        #expect(bytes[types + 4 * 8] == 3)
        bytes[types + 4 * 8] = 1
        try bytes.write(to: spoilt)
        let report = SmokeTest.run(BehaviourJob.make(spoilt.path, .instruct))
        let failed = report.checks.filter { $0.outcome == .failed }
        #expect(!failed.isEmpty)
        #expect(failed.allSatisfy { [.tokenizerSize, .specialTokens].contains($0.name) }, "\(failed)")
        #expect(failed.contains { $0.reason.contains("<start_of_turn>") })
    }
}

extension EditableModel {
    /// Takes <bos> out of the post-processor, as in mirrors of Gemma 4's first upload (unsloth issue 7903).
    func dropBeginning() throws {
        let url = URL(filePath: path + "/tokenizer.json")
        var tokenizer = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        tokenizer["post_processor"] = NSNull()
        try JSONSerialization.data(withJSONObject: tokenizer).write(to: url)
    }
}
