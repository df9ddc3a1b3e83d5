import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// Adapters on their base against PEFT 0.21.2 in float32, see Tests/Fixtures/Models/make_lora.py.
@Suite struct AdapterTests {
    private static let names = ["lora-plain", "lora-rs-pattern", "lora-dora", "lora-tokens", "lora-embedding"]

    private struct AdapterGolden: Decodable {
        let promptIds: [Int]
        let nllIds: [Int]
        let lastLogitsF32: [Float]
        let greedy16F32: [Int]
        let meanNllF32: Double
        let maxAbsVsBase: Float
    }

    private static func golden(_ name: String) throws -> AdapterGolden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            AdapterGolden.self, from: Data(contentsOf: Fixtures.models.appending(path: "\(name)/golden.json")))
    }

    @Test(arguments: names)
    func givesTheLogitsAndTokensOfPEFT(_ name: String) throws {
        let golden = try Self.golden(name)
        let result = try generate(
            GenerationRequest(
                prompt: .tokens(golden.promptIds), maximumTokens: 16, wantsLogits: true, stopsAtEndOfSequence: false),
            model: try Fixtures.files("gemma3-trained"), adapter: try Fixtures.files(name))
        let logits = try #require(result.logits)
        #expect(largestDifference(logits, golden.lastLogitsF32) < 5e-5)
        #expect(result.tokens == golden.greedy16F32)
        #expect(result.warnings == [])
        let base = try Fixtures.golden("gemma3-trained").lastLogitsF32
        #expect(abs(largestDifference(logits, base) - golden.maxAbsVsBase) < 1e-4)
    }

    @Test(arguments: names)
    func scoresATextAsPEFTDoes(_ name: String) throws {
        let golden = try Self.golden(name)
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.nllIds), maximumTokens: 0, wantsScore: true),
            model: try Fixtures.files("gemma3-trained"), adapter: try Fixtures.files(name))
        #expect(abs(try #require(result.meanNLL) - golden.meanNllF32) < 1e-5)
    }

    @Test(arguments: names)
    func cachedBlocksEqualOneTokenAtATimeBitForBit(_ name: String) throws {
        let tokens = try Self.golden(name).promptIds
        let loaded = try LoadedModel(
            reading: try Fixtures.files("gemma3-trained"), adapter: try Fixtures.files(name))
        let model = try loaded.makeModel(capacity: tokens.count)
        var alone: [Float] = []
        for index in tokens.indices { alone = Array(model.forward(tokens[index...index], logits: .last)) }
        for cut in [1, 5, 16] {
            model.reset()
            var blocks: [Float] = []
            for start in stride(from: 0, to: tokens.count, by: cut) {
                blocks = Array(model.forward(tokens[start..<min(start + cut, tokens.count)], logits: .last))
            }
            #expect(alone.map(\.bitPattern) == blocks.map(\.bitPattern), "blocks of \(cut)")
        }
    }

    /// Adapters of wrappers name their modules as the tree of their time did.
    @Test(arguments: ["model.language_model.", "language_model.model.", ""])
    func findsItsModulesUnderTheNamesOfEveryTree(_ tree: String) throws {
        let golden = try Self.golden("lora-dora")
        let adapter = try EditableAdapter(copying: "lora-dora")
        try adapter.rename { $0.replacing("base_model.model.model.", with: "base_model.model." + tree) }
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 0, wantsLogits: true),
            model: try Fixtures.files("gemma3-trained"), adapter: try adapter.files())
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32) < 5e-5)
    }

    @Test func anAdapterOfZerosChangesNothingAndSaysSo() throws {
        let golden = try Fixtures.golden("gemma3-trained")
        let adapter = try EditableAdapter(copying: "lora-plain")
        try adapter.clear { $0.hasSuffix("lora_B.weight") }
        let result = try generate(
            GenerationRequest(prompt: .tokens(golden.promptIds), maximumTokens: 0, wantsLogits: true),
            model: try Fixtures.files("gemma3-trained"), adapter: try adapter.files())
        #expect(largestDifference(try #require(result.logits), golden.lastLogitsF32) < 5e-5)
        #expect(result.warnings == ["every lora_B of the adapter is zero: it is untrained and changes nothing"])
    }

    @Test func anAdapterAloneAsksForItsBase() throws {
        let error = #expect(throws: ModelFormatError.self) {
            try LoadedModel(reading: try Fixtures.files("lora-plain"))
        }
        let reason = "this is an adapter of fixtures/gemma3-trained; give its base"
        #expect(error?.description.hasSuffix(reason) == true)
        let inspection = ModelInspection(of: try Fixtures.files("lora-plain"))
        #expect(inspection.outcome == .unsupported)
        #expect(inspection[.config]?.message.hasSuffix(reason) == true)
        #expect(inspection.tensorCount == 84)
    }

    @Test(arguments: [
        // another peft_type, other arithmetic
        ("\"LORA\"", "\"VERA\"", "peft_type VERA is not run by this build"),
        ("\"use_dora\": true", "\"use_dora\": false", "magnitude expected none, as use_dora says"),
        ("\"fan_in_fan_out\": false", "\"fan_in_fan_out\": true", "fan_in_fan_out true is not run"),
        ("\"bias\": \"none\"", "\"bias\": \"all\"", "bias \"all\" is not run"),
        ("\"init_lora_weights\": true", "\"init_lora_weights\": \"pissa\"", "init_lora_weights \"pissa\" is not run"),
        ("\"target_parameters\": null", "\"target_parameters\": [\"x\"]", "target_parameters a list of 1 is not run"),
        ("\"kasa_config\": null", "\"kasa_config\": {\"a\": 1}", "kasa_config an object of 1 keys is not run"),
        ("\"revision\": null", "\"new_arithmetic\": true", "key new_arithmetic expected a key that PEFT 0.21 knows"),
        // a configuration that the tensors contradict
        ("\"r\": 4", "\"r\": 5", "shape expected [5, "),
        ("\"r\": 4", "\"r\": 0", "key r expected a whole number from 1 to 65536, got 0"),
        ("\"r\": 4", "\"r\": \"4\"", "key r expected a whole number"),
        ("\"rank_pattern\": {}", "\"rank_pattern\": {\"q_proj\": 3}", "shape expected [3, 64]"),
        ("\"down_proj\",", "", "module expected one that target_modules names"),
        ("\"down_proj\",", "\"down_proj\", \"up_proj\",", "expected the tensors that target_modules announces"),
        ("\"modules_to_save\": null", "\"modules_to_save\": [\"norm\"]", "the tensors that modules_to_save announces"),
        ("\"target_modules\": [", "\"target_modules\": null, \"x\": [", "key target_modules expected names"),
        ("\"rank_pattern\": {}", "\"rank_pattern\": {\"(q\": 3}", "a parenthesis that is not closed"),
        ("\"rank_pattern\": {}", "\"rank_pattern\": {\"(?<=q)\": 3}", "rank_pattern with a group of another kind"),
        ("\"trainable_token_indices\": null", "\"trainable_token_indices\": [3]", "trainable_token_indices of embed"),
    ])
    func refusesAConfigurationThatItDoesNotCompute(_ old: String, _ new: String, _ message: String) throws {
        let adapter = try EditableAdapter(copying: "lora-dora")
        try adapter.replace("adapter_config.json", old, with: new)
        let error = #expect(throws: ModelFormatError.self) {
            try LoadedModel(reading: try Fixtures.files("gemma3-trained"), adapter: try adapter.files())
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "nothing")")
    }

    @Test(arguments: [
        ("layers.0.self_attn.q_proj.lora_A", "layers.0.self_attn.q_proj.lora_C", "expected a part of LoRA"),
        ("layers.0.self_attn.q_proj.", "layers.9.self_attn.q_proj.", "no model.layers.9.self_attn.q_proj.weight there"),
        ("layers.0.self_attn.q_proj.lora_A", "layers.0.self_attn.q_norm.lora_A", "expected both parts"),
        ("base_model.model.model.layers.0.", "model.layers.0.", "name expected to begin with base_model.model."),
        ("layers.0.self_attn.q_proj.", "layers.0.self_attn.k_proj.", "module expected one that target_modules names"),
    ])
    func refusesTensorsThatHaveNoPlace(_ old: String, _ new: String, _ message: String) throws {
        let adapter = try EditableAdapter(copying: "lora-dora")
        try adapter.rename { $0.replacing(old, with: new) }
        let error = #expect(throws: ModelFormatError.self) {
            try LoadedModel(reading: try Fixtures.files("gemma3-trained"), adapter: try adapter.files())
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "nothing")")
    }

    @Test func refusesABaseOfAnotherSize() throws {
        let error = #expect(throws: ModelFormatError.self) {
            try LoadedModel(reading: try Fixtures.files("gemma3"), adapter: try Fixtures.files("lora-plain"))
        }
        #expect(error?.description.contains("shape expected") == true)
    }

    @Test func refusesWeightsThatOnlyAPickleHolds() throws {
        let adapter = try EditableAdapter(copying: "lora-plain")
        try FileManager.default.moveItem(
            atPath: adapter.path + "/adapter_model.safetensors", toPath: adapter.path + "/adapter_model.bin")
        let error = #expect(throws: ModelFormatError.self) {
            try LoadedModel(reading: try Fixtures.files("gemma3-trained"), adapter: try adapter.files())
        }
        #expect(error?.description.contains("adapter_model.bin: a pickle file is not run") == true)
    }
}

/// A copy of an adapter in a directory of its own, whose parts a test may change.
private final class EditableAdapter {
    let path: String

    init(copying fixture: String) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "adapter-\(UUID().uuidString)").path
        try FileManager.default.copyItem(atPath: Fixtures.models.appending(path: fixture).path, toPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func files() throws -> ModelFiles { try ModelFiles(directory: path) }

    func replace(_ name: String, _ old: String, with new: String) throws {
        let text = try String(contentsOfFile: path + "/" + name, encoding: .utf8)
        try #require(text.contains(old))
        try text.replacing(old, with: new, maxReplacements: 1)
            .write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }

    private var weights: URL { URL(filePath: path + "/" + Adapter.weightsPath) }

    /// Gives every tensor a new name, in the header alone.
    func rename(_ change: (String) -> String) throws {
        let data = try Data(contentsOf: weights)
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let old = String(decoding: data[8..<(8 + length)], as: UTF8.self), new = change(old)
        try #require(old != new)
        let header = Data(new.utf8)
        let size = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        try (Data(size) + header + data[(8 + length)...]).write(to: weights)
    }

    /// Fills tensors with zeros.
    func clear(_ isMeant: (String) -> Bool) throws {
        var data = try Data(contentsOf: weights)
        let tensors = try ModelTensors(reading: try files(), file: Adapter.weightsPath).tensors.map(\.tensor)
        for tensor in tensors where isMeant(tensor.name) {
            data.replaceSubrange(tensor.range, with: Data(count: tensor.range.count))
        }
        try data.write(to: weights)
    }
}
