import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

/// One text, one prompt and a bound.
struct Probe {
    var text: String
    var maximumMeanNLL: Double
    var warnMeanNLL: Double?
    var prompt: String
    var maxTokens: Int

    func job(_ model: String) -> SmokeTestJob {
        SmokeTestJob(
            model: model,
            probes: ProbeSet(
                name: "test", texts: [.init(language: "en", text: text)],
                prompts: [.init(language: "en", prompt: prompt, maximumTokens: maxTokens)]),
            bounds: SmokeTestBounds(maximumMeanNLL: maximumMeanNLL, warnMeanNLL: warnMeanNLL), testerBuild: "test")
    }
}

@Suite struct SmokeTestTests {
    /// The sample's own text, cut to the 64 tokens that it was trained on.
    private static let probe = Probe(
        text: "A model is a long list of numbers. You read the list from a file, you multiply it with another list, "
            + "and in the end you have a score for each word",
        maximumMeanNLL: 2.5, prompt: "The old harbour woke before", maxTokens: 16)

    private func test(
        _ model: String, probe: Probe = probe, progress: @escaping SmokeTest.Progress = { _, _ in }
    ) -> SmokeTestReport {
        SmokeTest.run(probe.job(model), progress: progress)
    }

    @Test func passesASoundModel() throws {
        let report = test(Fixtures.path("gemma3-trained"))
        #expect(report.verdict == .passed, "\(report.checks)")
        #expect(report.checks.map(\.name) == SmokeTestReport.CheckName.allCases)
        let done = report.checks.filter { $0.outcome != .notApplicable }
        #expect(
            done.allSatisfy { $0.outcome == .passed && !$0.value.isEmpty && !$0.bound.isEmpty && !$0.reason.isEmpty })
        #expect(
            report.checks.filter { $0.outcome == .notApplicable }.map(\.name) == [
                .shardIndex, .adapterBase, .configurationAgainstBase, .tokenizerAgainstBase, .weightsAgainstBase,
                .adapterUpdate, .meanNLLAgainstBase, .divergenceFromOriginal, .rightAnswer, .stopToken,
                .adapterEffect, .embeddingVectors, .similarityOrder,
            ])
        #expect(report.modelType == "gemma3_text")
        #expect(report.texts[0].tokens.count == 16)
        #expect(report.texts[0].text.hasPrefix(" the sun did."))
        #expect(try #require(report.meanNLL) < 1.5)
        #expect(report.testerBuild == "test")
        #expect(report.peakMemoryBytes > 1 << 20)
        #expect(report.seconds > 0)
        #expect(try JSONDecoder().decode(SmokeTestReport.self, from: try JSONEncoder().encode(report)) == report)
    }

    @Test func saysTheSameOfMappedAndOfFrugalWeights() {
        var job = Self.probe.job(Fixtures.path("gemma3-trained"))
        let mapped = SmokeTest.run(job)
        job.residency = .frugal
        #expect(mapped.verdict == .passed)
        // The speed is the clock's.
        #expect(
            SmokeTest.run(job).checks.filter { $0.name != .speed } == mapped.checks.filter { $0.name != .speed })
    }

    @Test func namesATensorAndTheIndexOfItsNaN() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.write("model.layers.3.mlp.up_proj.weight", at: 4321, bits: 0x7FC1)
        let report = test(model.path)
        let check = try #require(report[.noNaNOrInf])
        #expect(report.verdict == .failed)
        #expect(check.outcome == .failed)
        #expect(check.value == "1 values")
        #expect(check.reason.contains("model.layers.3.mlp.up_proj.weight in model.safetensors holds 1 NaN"))
        #expect(check.reason.contains("flat index 4321"))
        #expect(report[.finiteLogits]?.outcome == .skipped)
        #expect(report[.meanNLL]?.reason == "not run, because no-nan-or-inf failed")
        #expect(report.checks.count == SmokeTestReport.CheckName.allCases.count)
    }

    @Test func namesATensorAndTheIndexOfItsInfinity() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.write("model.norm.weight", at: 63, bits: 0xFF80)
        let check = try #require(test(model.path)[.noNaNOrInf])
        #expect(check.outcome == .failed)
        #expect(
            check.reason.contains(
                "model.norm.weight in model.safetensors holds 0 NaN and 1 infinite values, the first at flat index 63"))
    }

    @Test func swappedLayersFailByTheirLikelihood() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.swapLayers(1, 3)
        let report = test(model.path)
        #expect(report.verdict == .failed)
        #expect(report.checks.filter { $0.outcome == .failed }.map(\.name) == [.meanNLL])
        #expect(try #require(report.meanNLL) > 2.5)
        #expect(report.texts[0].tokens.count > 0)
    }

    @Test func namesAMatrixOfZeros() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        let name = "model.layers.2.self_attn.o_proj.weight"
        try model.write(name, Data(count: try model.bytes(name).count))
        let report = test(model.path)
        #expect(report.verdict == .failed)
        #expect(report[.noAllZeroMatrix]?.outcome == .failed)
        #expect(report[.noAllZeroMatrix]?.reason.contains("\(name) in model.safetensors holds 4096 zeros") == true)
        #expect(report[.meanNLL]?.outcome == .skipped)
    }

    @Test func aNormOfZerosOnlyWarns() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.write("model.layers.2.self_attn.q_norm.weight", Data(count: 32))
        let report = test(
            model.path, probe: .init(text: Self.probe.text, maximumMeanNLL: 6, prompt: "The", maxTokens: 8))
        #expect(report[.noAllZeroMatrix]?.outcome == .warned)
        #expect(report.verdict == .warned)
    }

    @Test func suspiciouslyLargeWeightsWarn() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.write("model.layers.2.mlp.down_proj.weight", at: 7, bits: 0x471C)  // 39936
        #expect(test(model.path)[.noNaNOrInf]?.outcome == .warned)
    }

    @Test func aMissingTensorStopsTheTest() throws {
        let model = try EditableModel(copying: "gemma3-sharded")
        try model.remove("model-00003-of-00005.safetensors")
        let report = test(model.path)
        #expect(report.verdict == .failed)
        #expect(report[.shardIndex]?.outcome == .failed)
        #expect(report[.shardIndex]?.reason.contains("model-00003-of-00005.safetensors") == true)
        #expect(report[.tensorsPresentAndShaped]?.outcome == .skipped)
        #expect(report[.finiteLogits]?.outcome == .skipped)
    }

    @Test func aModelOfAnotherGenerationIsUnsupported() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("config.json", "\"gemma3_text\"", with: "\"vaultgemma\"")
        let report = test(model.path)
        #expect(report.verdict == .unsupported)
        #expect(report.modelType == "vaultgemma")
        #expect(report.checks.first?.outcome == .unsupported)
        #expect(report[.deterministic]?.outcome == .skipped)
    }

    @Test func quantisedWeightsAreUnsupported() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("config.json", "{\n", with: "{\"quantization_config\": {\"quant_method\": \"gptq\"},\n")
        let report = test(model.path)
        #expect(report.verdict == .unsupported)
        #expect(report.modelType == "gemma3_text")
        #expect(report.checks.first?.reason.contains("gptq") == true)
    }

    @Test func aWrongActivationFails() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("config.json", "gelu_pytorch_tanh", with: "silu")
        let report = test(model.path)
        #expect(report.verdict == .failed)
        #expect(report.checks.first?.reason.contains("hidden_activation") == true)
    }

    @Test func aMissingOrBrokenTokenizerFails() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("tokenizer.json", "\"content\": \" \"", with: "\"content\": \"_\"")
        let broken = test(model.path)
        #expect(broken[.tokenizerRoundTrip]?.outcome == .failed)
        #expect(broken[.tokenizerRoundTrip]?.reason.contains("came back as") == true)
        #expect(broken[.noNaNOrInf]?.outcome == .skipped)
        try model.remove("tokenizer.json")
        #expect(test(model.path).verdict == .failed)
    }

    @Test func overflowInTheForwardPassFails() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        // A final norm of 1e38 in every place: finite as stored, infinite after the head.
        var norm = Data()
        for _ in 0..<64 { norm += bf16Bytes(3e38) }
        try model.write("model.norm.weight", norm)
        var job = Self.probe.job(model.path)
        job.bounds.maximumMagnitude = 1e39
        let report = SmokeTest.run(job)
        #expect(report[.noNaNOrInf]?.outcome == .passed)
        #expect(report[.finiteLogits]?.outcome == .failed)
        #expect(report[.finiteLogits]?.reason.contains("position 0") == true)
        #expect(report[.meanNLL]?.outcome == .skipped)
        #expect(report.verdict == .failed)
        // JSON has no NaN: the encoder would throw on one.
        #expect(report.meanNLL == nil)
        #expect(throws: Never.self) { try JSONEncoder().encode(report) }
    }

    @Test func aContextBeyondTheMachineFailsInsteadOfTrapping() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace(
            "config.json", "\"max_position_embeddings\": 512", with: "\"max_position_embeddings\": 1073741824")
        var probe = Self.probe
        probe.maxTokens = Int.max
        let report = test(model.path, probe: probe)
        #expect(report.verdict == .failed)
        #expect(report[.finiteLogits]?.reason.contains("this machine has") == true)
    }

    @Test func aScoreBetweenTheBoundsWarns() throws {
        var probe = Self.probe
        probe.warnMeanNLL = 0.5
        let report = test(Fixtures.path("gemma3-trained"), probe: probe)
        #expect(report[.meanNLL]?.outcome == .warned)
        #expect(report.verdict == .warned)
    }

    @Test func aLoopWarnsAndNeverFailsAlone() throws {
        // The random fixture repeats a byte for ever on this prompt.
        let golden = try Fixtures.golden("gemma3-mm")
        let probe = Probe(text: golden.nllText, maximumMeanNLL: 20, prompt: golden.prompt, maxTokens: 64)
        let report = test(Fixtures.path("gemma3-mm"), probe: probe)
        #expect(report[.noDegenerateRepetition]?.outcome == .warned)
        #expect(report.verdict == .warned)
    }

    @Test func anEmptyProbeIsNoPass() throws {
        let report = test(
            Fixtures.path("gemma3-trained"), probe: .init(text: "", maximumMeanNLL: 9, prompt: "a", maxTokens: 4))
        #expect(report.verdict == .failed)
        #expect(report[.finiteLogits]?.reason.contains("a text of 1 tokens") == true)
    }

    @Test func tellsItsProgress() throws {
        var seen: [SmokeTestReport.CheckName] = [], last = 0.0
        _ = test(Fixtures.path("gemma3-trained")) { name, part in
            if seen.last != name { seen.append(name) }
            if name == .noNaNOrInf { last = part }
        }
        #expect(
            seen == [
                .structure, .tensorsPresentAndShaped, .tokenizerSize, .tokenizerRoundTrip, .specialTokens,
                .chatTemplate, .noNaNOrInf, .finiteLogits, .rightAnswer, .deterministic,
            ])
        #expect(last == 1)
    }
}
