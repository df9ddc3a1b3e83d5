import FixtureModels
import Foundation
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

/// Variants of a trained checkpoint, healthy ones and broken ones, beside that checkpoint as their base.
@Suite struct BaseComparisonTests {
    /// The job of a variant whose text is scored with generous bounds: what is wrong must show before.
    private static func test(
        _ model: String, base: String, relation: String?, bounds: SmokeTestBounds = SmokeTestBounds(maximumMeanNLL: 30)
    ) -> SmokeTestReport {
        SmokeTest.run(
            SmokeTestJob(
                model: model,
                base: .init(name: "acme/base@1", folder: base.hasPrefix("/") ? base : Fixtures.path(base)),
                card: .init(relation: relation),
                probes: ProbeSet(
                    name: "test", texts: [.init(language: "en", text: "A model is a long list of numbers.")],
                    prompts: [.init(language: "en", prompt: "The old", maximumTokens: 4)]),
                bounds: bounds, testerBuild: "test"))
    }

    private static let againstBase: [SmokeTestReport.CheckName] = [
        .configurationAgainstBase, .tokenizerAgainstBase, .weightsAgainstBase,
    ]

    @Test(arguments: [
        ("gemma3-trained-q4_0", "gemma3-trained"), ("gemma3-trained-q8_0", "gemma3-trained"),
        ("gemma2-q8_0", "gemma2"), ("gemma2-bf16", "gemma2"), ("gemma3-mm-f16", "gemma3-mm"), ("gemma-f16", "gemma"),
        ("gemma3n-f16", "gemma3n"), ("gemma4-dense-f16", "gemma4-dense"), ("gemma4-moe-q8_0", "gemma4-moe"),
        ("gemma4-ple-f16", "gemma4-ple"),
    ])
    func aConversionStaysWithinItsTypesError(_ file: String, _ base: String) {
        let path = Fixtures.models.deletingLastPathComponent().appending(path: "GGUF/\(file).gguf").path
        for relation in ["quantized", "finetune", "merge", nil] {
            let report = Self.test(path, base: base, relation: relation)
            for name in Self.againstBase {
                #expect(report[name]?.outcome == .passed, "\(relation ?? "none"): \(String(describing: report[name]))")
            }
            #expect(report[.weightStatistics]?.outcome == .passed)
        }
    }

    @Test(arguments: [
        "bnb-fp4-nested", "bnb-int8", "bnb-nf4", "ct-fp8-channel", "ct-fp8-tensor", "ct-int4-group", "ct-int8-channel",
        "ct-int8-plain", "fp8-blocks", "mlx-affine", "mlx-modes",
    ])
    func quantisedContainersAreComparedByWhatTheyExpandTo(_ fixture: String) throws {
        let model = try EditableModel(copying: fixture)
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            try FileManager.default.copyItem(
                atPath: Fixtures.path("gemma3-trained") + "/" + name, toPath: model.path + "/" + name)
        }
        let report = Self.test(model.path, base: "gemma3-trained", relation: "quantized")
        #expect(report[.weightsAgainstBase]?.outcome == .passed, "\(report.checks)")
        #expect(report.checks.allSatisfy { $0.outcome != .failed }, "\(report.checks)")
    }

    @Test func theSameBytesAreEqual() throws {
        for fixture in ["gemma3-trained", "gemma4-trained", "gemma3n-mm"] {
            let report = Self.test(Fixtures.path(fixture), base: fixture, relation: "finetune")
            #expect(report[.weightsAgainstBase]?.value.hasSuffix("tensors equal") == true)
            #expect(Self.againstBase.allSatisfy { report[$0]?.outcome == .passed })
        }
    }

    /// Changes to the stored weights of gemma3-trained that a base model gives away, and what the reason must say.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let check: SmokeTestReport.CheckName
        let says: String
        let apply: @Sendable (EditableModel) throws -> Void
    }

    private static let layer = "model.layers.2."

    static let faults: [Fault] = [
        Fault(testDescription: "a flipped high bit", check: .weightStatistics, says: "self_attn.o_proj.weight") {
            try $0.flip(layer + "self_attn.o_proj.weight", at: 300, bit: 14)
        },
        Fault(testDescription: "a flipped low bit of an exponent", check: .weightsAgainstBase, says: "row 4, column 44")
        {
            try $0.write(layer + "self_attn.o_proj.weight", at: 300, bits: 0x4000)
        },
        Fault(
            testDescription: "exchanged layers", check: .weightsAgainstBase,
            says: "it is the base model's model.layers."
        ) {
            try $0.swapLayers(1, 3)
        },
        Fault(testDescription: "a repeated layer", check: .noDuplicateTensors, says: "holds the bytes of") { model in
            for name in try model.names(of: 3) {
                try model.write(name, try model.bytes(name.replacing("layers.3", with: "layers.2")))
            }
        },
        Fault(testDescription: "exchanged gate and up", check: .weightsAgainstBase, says: "up_proj") {
            try $0.exchange(layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight")
        },
        Fault(testDescription: "norms with 1 added", check: .weightsAgainstBase, says: "1 larger") { model in
            for name in try model.names(of: nil) where name.hasSuffix("norm.weight") {
                try model.rewrite(name) { $0 + 1 }
            }
        },
        Fault(testDescription: "one norm with 1 taken", check: .weightsAgainstBase, says: "1 smaller") {
            try $0.rewrite(layer + "input_layernorm.weight") { $0 - 1 }
        },
        Fault(testDescription: "a doubled final norm", check: .weightsAgainstBase, says: "model.norm.weight") {
            try $0.rewrite("model.norm.weight") { 2 * ($0 + 1) - 1 }
        },
        Fault(testDescription: "rows of another head split", check: .weightsAgainstBase, says: "q_proj") {
            try $0.permuteRows(layer + "self_attn.q_proj.weight") { row, count in row % 2 * count / 2 + row / 2 }
        },
        Fault(
            testDescription: "two vocabulary rows exchanged", check: .weightsAgainstBase,
            says: "row 300 is the base model's row 400"
        ) {
            try $0.permuteRows("model.embed_tokens.weight") { row, _ in row == 300 ? 400 : row == 400 ? 300 : row }
        },
        Fault(testDescription: "a row of one number", check: .noConstantTensor, says: "the first is row 5") {
            try $0.rewriteRow(layer + "mlp.down_proj.weight", 5) { _ in 0.01 }
        },
        Fault(testDescription: "a row of zeros", check: .weightsAgainstBase, says: "row 5 is far from the base model's")
        {
            try $0.rewriteRow(layer + "mlp.down_proj.weight", 5) { _ in 0 }
        },
        Fault(testDescription: "a matrix of zeros", check: .noAllZeroMatrix, says: "nothing else") {
            try $0.rewrite(layer + "mlp.down_proj.weight") { _ in 0 }
        },
        Fault(testDescription: "a matrix three times as large", check: .weightsAgainstBase, says: "down_proj") {
            try $0.rewrite(layer + "mlp.down_proj.weight") { 3 * $0 }
        },
        Fault(testDescription: "a matrix twice as large", check: .weightsAgainstBase, says: "down_proj") {
            try $0.rewrite(layer + "mlp.down_proj.weight") { 2 * $0 }
        },
        Fault(testDescription: "a matrix half as large", check: .weightsAgainstBase, says: "down_proj") {
            try $0.rewrite(layer + "mlp.down_proj.weight") { 0.5 * $0 }
        },
        Fault(testDescription: "a negated matrix", check: .weightsAgainstBase, says: "down_proj") {
            try $0.rewrite(layer + "mlp.down_proj.weight") { -$0 }
        },
    ]

    @Test(arguments: faults)
    func aDamagedVariantFails(_ fault: Fault) throws {
        for relation in ["finetune", "quantized", nil] {
            let model = try EditableModel(copying: "gemma3-trained")
            try fault.apply(model)
            let report = Self.test(model.path, base: "gemma3-trained", relation: relation)
            let check = try #require(report[fault.check])
            #expect(check.outcome == .failed, "\(relation ?? "none"): \(report.checks)")
            #expect(check.reason.contains(fault.says), "\(check.reason)")
        }
    }

    /// Keys of gemma3-trained's config.json that change the arithmetic.
    @Test(arguments: [
        ("\"rope_theta\": 1000000.0", "\"rope_theta\": 500000.0", "full_attention rope_theta"),
        ("\"rope_theta\": 10000.0", "\"rope_theta\": 1000000.0", "sliding_attention rope_theta"),
        ("\"sliding_window\": 8", "\"sliding_window\": 7", "sliding_window: acme/base@1 has 8, this model 7"),
        ("\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 1e-05", "rms_norm_eps"),
        ("\"query_pre_attn_scalar\": 16", "\"query_pre_attn_scalar\": 64", "query_pre_attn_scalar"),
        ("\"sliding_attention\",", "\"full_attention\",", "layer_types"),
    ])
    func anotherArithmeticFails(_ old: String, _ new: String, _ says: String) throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("config.json", old, with: new)
        for relation in ["finetune", "quantized", nil] {
            let check = try #require(
                Self.test(model.path, base: "gemma3-trained", relation: relation)[.configurationAgainstBase])
            #expect(check.outcome == .failed)
            #expect(check.reason.contains(says), "\(check.reason)")
        }
        let merged = Self.test(model.path, base: "gemma3-trained", relation: "merge")
        #expect(merged[.configurationAgainstBase]?.outcome == .warned)
    }

    @Test func aLongerContextMayTurnRotations() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("config.json", "\"max_position_embeddings\": 512", with: "\"max_position_embeddings\": 2048")
        let longer = Self.test(model.path, base: "gemma3-trained", relation: "finetune")
        #expect(longer[.configurationAgainstBase]?.outcome == .passed)
        #expect(longer[.configurationAgainstBase]?.reason.contains("max_position_embeddings") == true)
        try model.replace("config.json", "\"rope_theta\": 1000000.0", with: "\"rope_theta\": 4000000.0")
        let turned = Self.test(model.path, base: "gemma3-trained", relation: "finetune")
        #expect(turned[.configurationAgainstBase]?.outcome == .warned)
        let stored = Self.test(model.path, base: "gemma3-trained", relation: "quantized")
        #expect(stored[.configurationAgainstBase]?.outcome == .failed)
    }

    @Test func aModelOfAnotherGenerationIsNoVariant() throws {
        let report = Self.test(Fixtures.path("gemma4-trained"), base: "gemma3-trained", relation: "finetune")
        #expect(report[.configurationAgainstBase]?.outcome == .failed)
        #expect(report[.configurationAgainstBase]?.reason.contains("not a variant of acme/base@1") == true)
    }

    @Test func anotherTrainingOfTheSameShapeIsNoVariant() throws {
        // Random numbers in every matrix.
        let model = try EditableModel(copying: "gemma3-trained")
        var state: UInt64 = 1
        for name in try model.names(of: nil) where !name.hasSuffix("norm.weight") {
            try model.rewrite(name) { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-35
            }
        }
        let check = try #require(
            Self.test(model.path, base: "gemma3-trained", relation: "finetune")[.weightsAgainstBase])
        #expect(check.outcome == .failed)
        #expect(check.reason.contains("this is no variant of it"), "\(check.reason)")
    }

    /// What is written in the place of some text of tokenizer.json, and what the reason must say.
    @Test(arguments: [
        (
            ["\"or\": 299", "\"▁you\": 353"], ["\"or\": 353", "\"▁you\": 299"],
            "id 299 is \"▁you\", the base model has \"or\", and 1 more"
        ),
        (["\"<mask>\""], ["\"<mosk>\""], "id 4 is \"<mosk>\", the base model has \"<mask>\""),
        (
            ["\"▁▁▁\",\n        \"▁\"", "\"\\n\\n\",\n        \"\\n\""],
            ["\"\\n\\n\",\n        \"\\n\"", "\"▁▁▁\",\n        \"▁\""], "merge 0 joins other pieces"
        ),
    ])
    func anotherVocabularyIsNamed(_ old: [String], _ new: [String], _ says: String) throws {
        let model = try EditableModel(copying: "gemma3-trained")
        let path = model.path + "/tokenizer.json"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        for (number, part) in old.enumerated() {
            try #require(text.contains(part))
            text = text.replacing(part, with: "(\(number))")
        }
        for (number, part) in new.enumerated() { text = text.replacing("(\(number))", with: part) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let check = try #require(
            Self.test(model.path, base: "gemma3-trained", relation: "quantized")[.tokenizerAgainstBase])
        #expect(check.outcome == .failed)
        #expect(check.reason.contains(says), "\(check.reason)")
    }

    @Test func aFineTuneMayRenameControlTokensAndAddSome() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        let path = model.path + "/tokenizer.json"
        try String(contentsOfFile: path, encoding: .utf8).replacing("<unused0>", with: "<|im_start|>")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let check = try #require(
            Self.test(model.path, base: "gemma3-trained", relation: "finetune")[.tokenizerAgainstBase])
        #expect(check.outcome == .passed)
        #expect(check.reason.contains("id 6 is \"<|im_start|>\", the base model has \"<unused0>\""))
        let copy = Self.test(model.path, base: "gemma3-trained", relation: "quantized")[.tokenizerAgainstBase]
        #expect(copy?.outcome == .failed)
    }

    @Test func aTokenizerThatDroppedItsBeginningIsNamed() throws {
        // The base-style tokenizer puts <bos> before a text; uploads have lost that.
        let model = try EditableModel(copying: "gemma4-trained")
        let path = model.path + "/tokenizer.json"
        var tokenizer = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path))) as? [String: Any])
        tokenizer["post_processor"] = NSNull()
        try JSONSerialization.data(withJSONObject: tokenizer).write(to: URL(filePath: path))
        let check = try #require(
            Self.test(model.path, base: "gemma4-trained", relation: "finetune")[.tokenizerAgainstBase])
        #expect(check.outcome == .failed)
        #expect(check.reason.contains("no token 2 is put before a text"), "\(check.reason)")
    }

    /// What training further does: every number moves a little, some rows of the vocabulary a lot.
    @Test(arguments: ["gemma3-trained", "gemma4-trained"], [Float(0.001), 0.02, 0.2])
    func aFineTunePasses(_ fixture: String, _ strength: Float) throws {
        let model = try EditableModel(copying: fixture)
        var state: UInt64 = 7
        func noise() -> Float {
            // A sum of uniform numbers, near normal, of variance 1.
            (0..<12).reduce(Float(-6)) { sum, _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return sum + Float(state >> 40) * 0x1p-24
            }
        }
        for name in try model.names(of: nil) {
            let size = try model.rms(name)
            try model.rewrite(name) { $0 + strength * size * noise() }
        }
        for row in 6...7 { try model.rewriteRow("model.embed_tokens.weight", row) { _ in 0.1 * noise() } }
        let report = Self.test(model.path, base: fixture, relation: "finetune")
        for name in Self.againstBase {
            #expect(report[name]?.outcome == .passed, "\(String(describing: report[name]))")
        }
        #expect(report[.weightStatistics]?.outcome == .passed)
        #expect(try #require(report.measurements["distanceFromBase"]) > 0.9 * Double(strength))
    }

    @Test(arguments: [Float(7), 100])
    func numbersOfFewerBitsWarn(_ steps: Float) throws {
        let model = try EditableModel(copying: "gemma3-trained")
        for name in try model.names(of: 2) where name.hasSuffix("proj.weight") {
            let step = 4 * (try model.rms(name)) / steps
            try model.rewrite(name) { ($0 / step).rounded() * step }
        }
        let check = try #require(
            Self.test(model.path, base: "gemma3-trained", relation: "finetune")[.weightStatistics])
        #expect(check.outcome == .warned)
        #expect(check.reason.contains("it was rounded to fewer bits before, and"), "\(check.reason)")
    }

    @Test func aBrokenBaseWarnsByItsTensor() throws {
        let base = try EditableModel(copying: "gemma3-trained")
        try base.write("model.layers.3.mlp.up_proj.weight", at: 7, bits: 0x7FC0)
        try base.write("model.layers.3.input_layernorm.weight", at: 7, bits: 0x7FC0)
        let check = try #require(
            Self.test(Fixtures.path("gemma3-trained"), base: base.path, relation: "finetune")[.weightsAgainstBase])
        #expect(check.outcome == .warned)
        #expect(check.reason.contains("layers.3"), "\(check.reason)")
        #expect(check.reason.contains("holds NaN or infinity, and 1 more"), "\(check.reason)")
    }

    @Test func aBaseThatCannotBeReadWarns() throws {
        let report = Self.test(Fixtures.path("gemma3-trained"), base: "lora-plain", relation: "finetune")
        #expect(Self.againstBase.allSatisfy { report[$0]?.outcome == .warned })
        #expect(report.verdict == .warned)
    }

    /// Changes to the stored blocks of gemma3-trained-q8_0 (34 bytes: a half and 32 quants) and -q4_0 (18 bytes).
    struct BlockFault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let apply: @Sendable (_ bytes: inout [UInt8], _ block: Int) -> Void
    }

    static let blockFaults: [BlockFault] = [
        BlockFault(testDescription: "doubled scales") { bytes, block in
            for start in stride(from: 0, to: bytes.count, by: block) { bytes[start + 1] += 4 }
        },
        BlockFault(testDescription: "one scale with a flipped bit") { bytes, _ in bytes[1] ^= 0x40 },
        BlockFault(testDescription: "scales of the next blocks") { bytes, block in
            let old = bytes
            for start in stride(from: 0, to: bytes.count, by: block) {
                let next = (start + block) % old.count
                (bytes[start], bytes[start + 1]) = (old[next], old[next + 1])
            }
            // Scales of one matrix differ little; those of a row are made to differ.
            for start in stride(from: 0, to: bytes.count, by: 2 * block) { bytes[start + 1] += 8 }
        },
        BlockFault(testDescription: "blocks in reverse") { bytes, block in
            let old = bytes
            for start in stride(from: 0, to: bytes.count, by: block) {
                bytes.replaceSubrange(
                    start..<(start + block), with: old[(old.count - start - block)..<(old.count - start)])
            }
        },
        BlockFault(testDescription: "quants in another order") { bytes, block in
            for start in stride(from: 0, to: bytes.count, by: block) { bytes[(start + 2)..<(start + block)].reverse() }
        },
    ]

    @Test(arguments: blockFaults, ["q8_0", "q4_0"])
    func damagedBlocksFail(_ fault: BlockFault, _ type: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "blocks-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "model.gguf")
        var file = try Data(
            contentsOf: Fixtures.models.deletingLastPathComponent().appending(path: "GGUF/gemma3-trained-\(type).gguf"))
        try file.write(to: path)
        let name = "model.layers.2.mlp.gate_proj.weight"
        let tensor = try #require(ModelTensors(reading: try ModelFiles(directory: folder.path))[name]?.tensor)
        var bytes = [UInt8](file[tensor.range])
        fault.apply(&bytes, tensor.element.block.bits / 8)
        file.replaceSubrange(tensor.range, with: bytes)
        try file.write(to: path)
        let report = Self.test(folder.path, base: "gemma3-trained", relation: "quantized")
        let failed = report.checks.filter { $0.outcome == .failed }
        // A number that is far too large shows without the base model.
        #expect(failed.contains { [.weightsAgainstBase, .weightStatistics].contains($0.name) }, "\(report.checks)")
        #expect(failed.allSatisfy { $0.reason.contains("blk.2.ffn_gate.weight") }, "\(failed)")
    }
}
