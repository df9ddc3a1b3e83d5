import FaultInjection
import FixtureModels
import Foundation
import RegistryCore
import SmokeTesting
import Testing

/// No healthy fixture fails: neither alone nor beside itself as its base.
@Suite struct HealthyTests {
    private static let root = Fixtures.models.deletingLastPathComponent()

    static let checkpoints: [String] =
        Fixtures.all.map { "Models/\($0)" }
        + ((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "GGUF").path)) ?? [])
        .filter { $0.hasSuffix(".gguf") }.sorted().map { "GGUF/\($0)" }
        + ["gemma-3-tiny-it", "gemma-3-tiny-triage", "gemma-3-tiny-sharded", "gemma-4-tiny"].map { "Hub/sample/\($0)" }

    @Test(arguments: checkpoints)
    func passes(checkpoint: String) throws {
        let path = Self.root.appending(path: checkpoint).path
        // Most of them hold random weights, which know no text: their likelihood is near or above ln(vocabulary).
        var job = SmokeTestJob(
            model: path, repository: "sample/tiny",
            probes: ProbeSet(
                name: "test", texts: [.init(language: "en", text: "The ship was painted white and blue.")],
                prompts: [.init(language: "en", prompt: "The old harbour", maximumTokens: 8)]),
            bounds: SmokeTestBounds(maximumMeanNLL: 60), testerBuild: "test")
        job.bounds.maximumEntropyShare = 1.01
        job.bounds.minimumEntropy = 0
        for isBeside in [false, true] {
            if isBeside {
                job.base = .init(name: "itself", folder: path)
                job.card.relation = path.hasSuffix(".gguf") ? "quantized" : "finetune"
            }
            let report = SmokeTest.run(job)
            let faults = report.checks.filter { $0.outcome == .failed || $0.outcome == .unsupported }
            #expect(faults.map { "\($0.name.rawValue): \($0.reason)" } == [])
            #expect(report.verdict == .passed || report.verdict == .warned)
        }
    }
}
