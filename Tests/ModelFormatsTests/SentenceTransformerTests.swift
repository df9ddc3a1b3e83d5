import Foundation
import ModelFormats
import Testing

@Suite struct SentenceTransformerTests {
    private static let modules =
        #"[{"idx":0,"name":"0","path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},"#
        + #"{"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.sentence_transformer.modules.pooling.Pooling"},"#
        + #"{"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.base.modules.normalize.Normalize"}]"#

    private func read(
        _ pooling: String, _ more: [String: String] = [:]
    ) throws -> SentenceTransformer? {
        let folder = FileManager.default.temporaryDirectory.appending(path: "st-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ["modules.json": Self.modules, "1_Pooling/config.json": pooling].merging(more) { $1 }
        for (name, text) in files {
            let url = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return try SentenceTransformer(reading: try ModelFiles(directory: folder.path), hiddenSize: 8)
    }

    private func modes(_ transformer: SentenceTransformer?) -> [String] {
        guard case .pooling(let pooling)? = transformer?.modules.first else { return [] }
        return pooling.modes.map(\.rawValue)
    }

    @Test(arguments: [
        (#"{"embedding_dimension":8,"pooling_mode":"mean"}"#, ["mean"], 8),
        (#"{"embedding_dimension":8,"pooling_mode":["cls","lasttoken"]}"#, ["cls", "lasttoken"], 16),
        (
            #"{"word_embedding_dimension":8,"pooling_mode_max_tokens":true,"pooling_mode_mean_tokens":true}"#,
            ["max", "mean"], 16
        ),
        (#"{"word_embedding_dimension":8}"#, ["mean"], 8),
        (#"{"word_embedding_dimension":8,"pooling_mode_weightedmean_tokens":true}"#, ["weightedmean"], 8),
    ])
    func poolingIsReadAsOldAndNewVersionsWriteIt(_ config: String, _ wanted: [String], _ dimension: Int) throws {
        let transformer = try read(config)
        #expect(modes(transformer) == wanted)
        #expect(transformer?.dimension == dimension)
        #expect(transformer?.normalizes == true)
    }

    @Test func promptsAndTheOneForComparisonsAreFound() throws {
        let pooling = #"{"embedding_dimension":8}"#
        let own = try read(
            pooling, ["config_sentence_transformers.json": #"{"prompts":{"query":"q: ","STS":"s: "}}"#])
        #expect(own?.similarityPrompt == "s: ")
        let given = try read(
            pooling,
            ["config_sentence_transformers.json": #"{"prompts":{"query":"q: "},"default_prompt_name":"query"}"#])
        #expect(given?.similarityPrompt == "q: ")
        #expect(try read(pooling)?.similarityPrompt == "")
    }

    @Test(arguments: [
        (["1_Pooling/config.json": #"{"embedding_dimension":8,"pooling_mode":"median"}"#], "median"),
        (["1_Pooling/config.json": "[]"], "an object"),
        (["1_Pooling/config.json": #"{"pooling_mode":[]}"#], "1 to 6 names"),
        (["modules.json": "{}"], "a list of up to 64 modules"),
        (["modules.json": "[]"], "a pooling module"),
        (["modules.json": #"[{"type":"sentence_transformers.models.Normalize","path":""}]"#], "module 0"),
        (["modules.json": #"[{"type":"sentence_transformers.models.Pooling","path":"9"}]"#], "9/config.json"),
        (["config_sentence_transformers.json": #"{"prompts":{"a":1}}"#], "texts by name"),
        (["config_sentence_transformers.json": #"{"default_prompt_name":"a"}"#], "one of the prompts"),
        (["2_Normalize/config.json": #"{"module_input_name":"token_embeddings"}"#], "module_input_name"),
    ])
    func whatIsNotComputedIsNamed(_ files: [String: String], _ reason: String) throws {
        let error = #expect(throws: ModelFormatError.self) { try read(#"{"embedding_dimension":8}"#, files) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func withoutModulesThereIsNone() throws {
        #expect(try SentenceTransformer(reading: ModelFiles([]), hiddenSize: 8) == nil)
    }
}
