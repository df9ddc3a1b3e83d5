import Foundation
import ModelFormats
import Testing

@Suite struct DrafterConfigurationTests {
    private func read(_ config: String) throws -> DrafterConfiguration {
        let folder = FileManager.default.temporaryDirectory.appending(path: "drafter-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(config.utf8).write(to: folder.appending(path: "config.json"))
        return try DrafterConfiguration(reading: try ModelFiles(directory: folder.path))
    }

    @Test func defaultsAreThoseOfTheClass() throws {
        let plain = try read(
            #"{"model_type":"gemma4_assistant","text_config":{"hidden_size_per_layer_input":0,"vocab_size_per_layer_input":0}}"#
        )
        #expect(plain.targetHiddenSize == 1536)
        #expect(plain.centroids == nil)
        #expect(plain.text.layers.count == 30)
        let unified = try read(
            #"{"model_type":"gemma4_unified_assistant","use_ordered_embeddings":true,"text_config":{}}"#)
        #expect(unified.targetHiddenSize == 3840)
        #expect(unified.centroids == 2048)
    }

    @Test(arguments: [
        (#"{"model_type":"gemma4"}"#, "gemma4_assistant or gemma4_unified_assistant"),
        (#"{"model_type":"gemma4_assistant"}"#, "text_config"),
        (#"{"model_type":"gemma4_assistant","text_config":{}}"#, "hidden_size_per_layer_input"),
        (#"{"model_type":"gemma4_assistant","text_config":{"model_type":"gemma3_text"}}"#, "gemma4_text"),
        (
            #"{"model_type":"gemma4_assistant","text_config":{"vocab_size_per_layer_input":5}}"#,
            "vocab_size_per_layer_input"
        ),
        (#"{"model_type":"gemma4_assistant","text_config":{"num_kv_shared_layers":1}}"#, "num_kv_shared_layers"),
        (
            #"{"model_type":"gemma4_unified_assistant","use_ordered_embeddings":true,"num_centroids":7,"text_config":{}}"#,
            "num_centroids"
        ),
        ("[]", "model_type"),
    ])
    func whatADrafterCannotBeIsNamed(_ config: String, _ key: String) throws {
        let error = #expect(throws: ModelFormatError.self) { try read(config) }
        #expect(error?.description.contains(key) == true, "\(error?.description ?? "")")
    }
}
