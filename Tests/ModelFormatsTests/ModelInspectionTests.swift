import Foundation
import ModelFormats
import Testing

@Suite struct ModelInspectionTests {
    @Test(arguments: ["gemma3", "gemma3-mm", "gemma3-sharded", "gemma3-trained"])
    func passesASoundModel(_ name: String) throws {
        let inspection = ModelInspection(of: try Fixtures.files(name))
        #expect(
            inspection.checks.map(\.name) == [
                .format, .remoteCode, .safetensorsHeader, .shardIndex, .config, .tensorShapes, .tokenizer,
            ])
        #expect(inspection.outcome == .passed, "\(inspection.checks)")
        #expect(inspection.dtypes.first == "BF16")
        #expect(inspection.contextLength == 512)
        #expect(inspection.modelType == (name == "gemma3-mm" ? "gemma3" : "gemma3_text"))
        #expect(inspection.architecture?.hasPrefix("Gemma3For") == true)
    }

    @Test func countsWhatTheHeadersHold() throws {
        let inspection = ModelInspection(of: try Fixtures.files("gemma3"))
        #expect(inspection.parameterCount == 309_792)
        #expect(inspection.tensorCount == 80)
        #expect(inspection.formats["model.safetensors"] == .safetensors)
        #expect(inspection.formats["tokenizer.model"] == .sentencepiece)
        let decoded = try JSONDecoder().decode(ModelInspection.self, from: try JSONEncoder().encode(inspection))
        #expect(decoded == inspection)
    }

    /// A change to a sound model, the check that must see it, its outcome and part of the message.
    @Test(arguments: [
        ("pickle beside", ModelInspection.CheckName.format, ModelInspection.Outcome.warned, "pytorch_model.bin"),
        ("pickle only", .format, .unsupported, "pytorch_model.bin"),
        ("broken gguf only", .ggufHeader, .failed, "number of tensors"),
        ("broken gguf beside", .ggufHeader, .failed, "model.gguf"),
        ("no weights", .format, .failed, "no safetensors or GGUF file"),
        ("pickle as safetensors", .format, .failed, "got a pickle"),
        ("lfs pointer", .safetensorsHeader, .failed, "git-LFS pointer"),
        ("truncated", .safetensorsHeader, .failed, "what the file holds"),
        ("auto_map", .remoteCode, .failed, "auto_map"),
        ("python file", .remoteCode, .failed, "modeling.py"),
        ("gelu", .config, .failed, "hidden_activation"),
        ("vaultgemma", .config, .unsupported, "model_type vaultgemma"),
        ("broken config", .config, .failed, "not valid JSON"),
        ("unknown key", .config, .warned, "house_colour"),
        ("wider", .tensorShapes, .failed, "config.json implies shape [100, 64]"),
        (
            "more layers", .tensorShapes, .failed,
            "model.layers.6.input_layernorm.weight of shape [64] is missing, and 12 more"
        ),
        ("fewer layers", .tensorShapes, .warned, "model.layers.5."),
        ("untied", .tensorShapes, .failed, "lm_head.weight of shape [512, 64] is missing"),
        ("small vocabulary", .tokenizer, .failed, "ids up to 511"),
        ("no tokenizer", .tokenizer, .warned, "not among the files"),
        ("broken tokenizer", .tokenizer, .failed, "tokenizer.json"),
        ("other template", .tokenizer, .warned, "adds no <bos>"),
    ])
    func namesTheFault(
        _ change: String, _ check: ModelInspection.CheckName, _ outcome: ModelInspection.Outcome, _ says: String
    ) throws {
        let directory = try TemporaryDirectory(copying: "gemma3-trained")
        let weights = try directory.read("model.safetensors")
        switch change {
        case "pickle beside": try directory.write("pytorch_model.bin", [0x80, 0x02, 0x2E])
        case "pickle only":
            try directory.remove("model.safetensors")
            try directory.write("pytorch_model.bin", [0x80, 0x02, 0x2E])
        case "broken gguf only", "broken gguf beside":
            if change == "broken gguf only" { try directory.remove("model.safetensors") }
            try directory.write("model.gguf", Array("GGUF".utf8) + [3, 0, 0, 0])
        case "no weights": try directory.remove("model.safetensors")
        case "pickle as safetensors": try directory.write("model.safetensors", [0x80, 0x02, 0x63, 0x6F])
        case "lfs pointer":
            try directory.write("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:a\n")
        case "truncated": try directory.write("model.safetensors", Array(weights.prefix(weights.count * 2 / 3)))
        case "auto_map":
            try directory.replace(
                "tokenizer_config.json", "{\n", with: "{\"auto_map\": {\"AutoTokenizer\": \"t.T\"},\n")
        case "python file": try directory.write("modeling.py", "import os")
        case "gelu": try directory.replace("config.json", "gelu_pytorch_tanh", with: "gelu")
        case "vaultgemma": try directory.replace("config.json", "\"gemma3_text\"", with: "\"vaultgemma\"")
        case "broken config": try directory.write("config.json", "{\"model_type\":")
        case "unknown key": try directory.replace("config.json", "{\n", with: "{\"house_colour\": 1,\n")
        case "wider":
            try directory.replace("config.json", "\"intermediate_size\": 128", with: "\"intermediate_size\": 100")
        case "more layers", "fewer layers":
            let count = change == "more layers" ? 7 : 5
            try directory.replace("config.json", "\"num_hidden_layers\": 6", with: "\"num_hidden_layers\": \(count)")
            let config = String(decoding: try directory.read("config.json"), as: UTF8.self)
            try directory.write(
                "config.json", config.replacing(/"layer_types": \[[^\]]*\]/, with: "\"layer_types\": null"))
        case "untied":
            try directory.replace(
                "config.json", "\"tie_word_embeddings\": true", with: "\"tie_word_embeddings\": false")
        case "small vocabulary":
            try directory.replace("config.json", "\"vocab_size\": 512", with: "\"vocab_size\": 500")
        case "no tokenizer": try directory.remove("tokenizer.json")
        case "broken tokenizer": try directory.write("tokenizer.json", "{\"model\":{}}")
        case "other template":
            let ids = "\"ids\": [\n          2\n        ],\n        \"tokens\": [\n          \"<bos>\""
            try directory.replace(
                "tokenizer.json", ids,
                with: ids.replacing(" 2\n", with: " 1\n").replacing("<bos>", with: "<eos>"))
        default: Issue.record("no such change")
        }
        let inspection = ModelInspection(of: try directory.files())
        let found = try #require(inspection[check], "\(inspection.checks)")
        #expect(found.outcome == outcome, "\(found)")
        #expect(found.message.contains(says), "\(found.message)")
    }

    @Test func reportsAnIndexThatLies() throws {
        let directory = try TemporaryDirectory(copying: "gemma3-sharded")
        try directory.replace(ShardIndex.path, "model-00002-of", with: "../model-00002-of")
        let inspection = ModelInspection(of: try directory.files())
        #expect(inspection[.shardIndex]?.outcome == .failed)
        #expect(inspection[.tensorShapes] == nil)
        #expect(inspection.outcome == .failed)
    }

    @Test func followsTheLinksOfASnapshotDirectory() throws {
        let blobs = try TemporaryDirectory(copying: "gemma3-trained"), snapshot = try TemporaryDirectory()
        for name in try FileManager.default.contentsOfDirectory(atPath: blobs.path) {
            try FileManager.default.createSymbolicLink(
                atPath: snapshot.path + "/" + name, withDestinationPath: blobs.path + "/" + name)
        }
        #expect(ModelInspection(of: try snapshot.files()).outcome == .passed)
    }

    @Test func anEmptyDirectoryFailsInsteadOfThrowing() throws {
        let inspection = ModelInspection(of: try TemporaryDirectory().files())
        #expect(inspection.outcome == .failed)
        #expect(inspection[.config]?.outcome == .failed)
    }

    @Test(arguments: GGUFTests.files)
    func passesAGGUFModel(_ name: String) throws {
        let inspection = ModelInspection(of: try Fixtures.ggufFiles(name))
        #expect(
            inspection.checks.map(\.name) == [.format, .remoteCode, .ggufHeader, .config, .tensorShapes, .tokenizer])
        #expect(inspection.outcome == .passed, "\(inspection.checks)")
        #expect(inspection.contextLength == 512)
        #expect(inspection.architecture.map(name.hasPrefix) == true)
        #expect(inspection.formats["\(name).gguf"] == .gguf)
    }

    @Test func showsTheTypesOfAGGUF() throws {
        #expect(ModelInspection(of: try Fixtures.ggufFiles("gemma2-k256-q3_k_m")).dtypes.first == "Q3_K")
        let inspection = ModelInspection(of: try Fixtures.ggufFiles("gemma3-trained-q4_0"))
        #expect(inspection.dtypes == ["Q4_0", "Q8_0", "F32"])
        #expect(inspection.tensorCount == 80)
        #expect(inspection.modelType == "gemma3_text")
    }

    /// Files of a repository, and what the inspection must say of them.
    @Test func inspectsEveryGGUFModelOfARepository() throws {
        let directory = try TemporaryDirectory()
        try directory.write("a-q4_0.gguf", try Fixtures.ggufBytes("gemma3-trained-q4_0"))
        try directory.write("b-q8_0.gguf", try Fixtures.ggufBytes("gemma3-trained-q8_0"))
        try directory.write("mmproj.gguf", GGUFModelTests.tower().bytes())
        let sound = ModelInspection(of: try directory.files())
        #expect(sound.outcome == .passed, "\(sound.checks)")
        #expect(sound[.ggufHeader]?.message.hasSuffix("and 2 more") == true)
        #expect(sound.dtypes == ["Q8_0", "Q4_0", "F32"])

        var codebook = GGUFWriter.tinyGemma3()
        codebook.tensors[2].type = 16
        try directory.write("c-iq2.gguf", codebook.bytes())
        let withCodebook = ModelInspection(of: try directory.files())
        #expect(withCodebook[.ggufHeader]?.outcome == .unsupported)
        #expect(withCodebook[.ggufHeader]?.message.contains("IQ2_XXS") == true)
        try directory.remove("c-iq2.gguf")

        var otherModel = GGUFWriter.tinyGemma3()
        otherModel.set("general.architecture", .string("llama"))
        try directory.write("d.gguf", otherModel.bytes())
        let withLlama = ModelInspection(of: try directory.files())
        #expect(withLlama[.config]?.outcome == .unsupported)
        #expect(withLlama[.config]?.message.contains("architecture llama") == true)
        try directory.remove("d.gguf")

        var narrow = GGUFWriter.tinyGemma3()
        narrow.tensors[2].dimensions = [4, 3]
        try directory.write("e.gguf", narrow.bytes())
        let misshapen = ModelInspection(of: try directory.files())
        #expect(misshapen[.tensorShapes]?.outcome == .failed)
        #expect(misshapen[.tensorShapes]?.message.contains("blk.0.attn_q.weight") == true)
        #expect(misshapen[.tensorShapes]?.message.contains("e.gguf") == true)
        // It has no vocabulary either.
        #expect(misshapen[.tokenizer]?.message.contains("tokenizer.ggml.model") == true)
    }

    @Test func towersAloneAreNoModel() throws {
        let directory = try TemporaryDirectory()
        try directory.write("mmproj.gguf", GGUFModelTests.tower().bytes())
        let inspection = ModelInspection(of: try directory.files())
        #expect(inspection[.config]?.outcome == .unsupported)
        #expect(inspection.outcome == .unsupported)
    }
}
