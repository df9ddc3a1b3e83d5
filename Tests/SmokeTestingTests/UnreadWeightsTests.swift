import FixtureModels
import Foundation
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

/// Weights that would be served, and that no test reads.
@Suite struct UnreadWeightsTests {
    private func report(adding path: String) throws -> SmokeTestReport {
        let model = try EditableModel(copying: "gemma3-trained")
        let place = URL(filePath: model.path).appending(path: path)
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: URL(filePath: model.path + "/model.safetensors"), to: place)
        return SmokeTest.run(
            SmokeTestJob(
                model: model.path,
                probes: ProbeSet(
                    name: "test", texts: [.init(language: "en", text: "The old harbour woke before the sun did.")],
                    prompts: [.init(language: "en", prompt: "The old", maximumTokens: 4)]),
                bounds: SmokeTestBounds(maximumMeanNLL: 9), testerBuild: "test"))
    }

    @Test(arguments: ["model.fp16.safetensors", "sub/model.safetensors", "checkpoint-500/adapter_model.safetensors"])
    func besideAModelAreNotServedUnseen(path: String) throws {
        let report = try report(adding: path)
        #expect(report.verdict == .unsupported)
        #expect(report[.structure]?.outcome == .unsupported)
        #expect(report[.structure]?.reason.hasPrefix("\(path) is part of no model") == true)
        #expect(report[.finiteLogits]?.outcome == .skipped)
    }
}
