import FaultInjection
import FixtureModels
import Foundation
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

/// What the smoke test sees of faults in trained models, and that it lets healthy ones pass.
@Suite struct FaultTests {
    /// A trained checkpoint with the text that it knows and the bound of the shipped policy for it.
    struct Sample: CustomTestStringConvertible, Sendable {
        let path: String
        var original: String?
        var other: String
        let maximumMeanNLL: Double

        var testDescription: String { path }

        func trial() -> FaultTrial {
            func place(_ path: String) -> String {
                Fixtures.models.deletingLastPathComponent().appending(path: path).path
            }
            return FaultTrial(
                name: path, path: place(path), original: original.map(place),
                materials: .init(otherGeneration: place(other), adapter: place("Models/lora-plain")),
                job: FaultTests.job(maximumMeanNLL: maximumMeanNLL))
        }
    }

    private static let samples = [
        Sample(path: "Models/gemma3-trained", other: "Models/gemma4-trained", maximumMeanNLL: 1.5),
        Sample(path: "Models/gemma4-trained", other: "Models/gemma3-trained", maximumMeanNLL: 2.5),
        Sample(
            path: "GGUF/gemma3-trained-q8_0.gguf", original: "Models/gemma3-trained", other: "Models/gemma4-trained",
            maximumMeanNLL: 1.5),
        Sample(
            path: "GGUF/gemma3-trained-q4_0.gguf", original: "Models/gemma3-trained", other: "Models/gemma4-trained",
            maximumMeanNLL: 1.5),
        Sample(
            path: "GGUF/gemma4-trained-q8_0.gguf", original: "Models/gemma4-trained", other: "Models/gemma3-trained",
            maximumMeanNLL: 2.5),
    ]

    fileprivate static func job(maximumMeanNLL: Double) -> SmokeTestJob {
        SmokeTestJob(
            model: "", repository: "sample/tiny",
            probes: ProbeSet(
                name: "test",
                texts: [
                    .init(
                        language: "en",
                        text: "The ship was painted white and blue. It had two masts and a small engine. The captain "
                            + "was a tall woman with grey hair and a loud voice.")
                ],
                prompts: [
                    .init(
                        language: "en",
                        prompt: "The old harbour woke before the sun did. A boy carried a lamp along the wall and "
                            + "counted", expected: ["the boats"], maximumTokens: 16)
                ]),
            bounds: SmokeTestBounds(maximumMeanNLL: maximumMeanNLL), testerBuild: "test")
    }

    @Test func everyFaultHasANameOfItsOwn() {
        #expect(Set(Fault.all.map(\.name)).count == Fault.all.count)
        #expect(Fault.all.count >= 40)
    }

    @Test(arguments: samples)
    func everyFaultThatMovesTheLikelihoodIsSeen(sample: Sample) throws {
        let trial = sample.trial()
        #expect(!trial.healthy.alone.isRefused && !trial.healthy.beside.isRefused)
        let rows = try Fault.all.compactMap { try trial.row($0) }
        #expect(rows.count >= 40)
        #expect(rows.filter { $0.isNoticeable && !$0.isSeen }.map(\.fault) == [])
    }

    /// Random weights know no text, so only what needs none is tried on them.
    @Test func aRouterOfZerosIsSeen() throws {
        let fault = try #require(Fault.all.first { $0.name == "router-zeroed" })
        let trial = FaultTrial(
            name: "moe", path: Fixtures.path("gemma4-moe"), job: Self.job(maximumMeanNLL: 50))
        let row = try #require(try trial.row(fault))
        #expect(row.alone.catches.first?.check == "no-all-zero-matrix")
    }

    @Test func aCopyIsGoneWithItsValueAndLeavesTheOriginalAsItWas() throws {
        let before = try Data(contentsOf: URL(filePath: Fixtures.path("gemma3-trained") + "/model.safetensors"))
        let fault = try #require(Fault.all.first { $0.name == "layers-swapped" })
        var copy: CheckpointCopy? = try fault.applied(to: Fixtures.path("gemma3-trained"))
        let path = try #require(copy?.path)
        #expect(try Data(contentsOf: URL(filePath: path + "/model.safetensors")) != before)
        copy = nil
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try Data(contentsOf: URL(filePath: Fixtures.path("gemma3-trained") + "/model.safetensors")) == before)
    }

    /// What is written anew without a change has the same tensors, metadata and configuration.
    @Test(arguments: samples)
    func aCopyThatIsWrittenAnewIsTheSameModel(sample: Sample) throws {
        let place = Fixtures.models.deletingLastPathComponent().appending(path: sample.path).path
        let copy = try CheckpointCopy(of: place)
        try copy.rewriteUnchanged()
        let (old, new) = (
            try ModelSource(of: ModelFiles(path: place)), try ModelSource(of: ModelFiles(path: copy.path))
        )
        #expect(try new.tensors().tensors.map(\.tensor.name) == old.tensors().tensors.map(\.tensor.name))
        #expect(try new.configuration().contextLength == old.configuration().contextLength)
        #expect(try new.tokenizer()?.encode("The boats") == old.tokenizer()?.encode("The boats"))
    }
}
