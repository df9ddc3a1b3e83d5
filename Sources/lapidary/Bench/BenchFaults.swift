import ArgumentParser
import FaultInjection
import Foundation
import RegistryCore
import RegistryOperations
import RegistryPolicy
import SmokeTesting

struct BenchFaults: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "faults",
        abstract:
            "Break healthy checkpoints in \(Fault.all.count) ways and print which checks of the smoke test see it.",
        discussion: """
            A fault is applied to a copy. SHIFT is how far it moves the mean negative log-likelihood of the policy's \
            text, measured by the engine itself; '-' where the file cannot be run any more. ALONE is what the test \
            says with nothing but the file, BESIDE what it says with the original beside it: each check whose outcome \
            is worse than on the healthy file, with the measured value over the bound where both are numbers. Probes \
            and bounds are the policy's for the repository. Without --checkpoint the sample models are broken.
            """)

    @Option(help: "Folder or GGUF file of a healthy, tiny checkpoint; may be given several times.")
    var checkpoint: [String] = []

    @Option(help: "What stands beside each --checkpoint; by default itself.")
    var original: String?

    @Option(help: "A checkpoint of another generation, for its tokenizer and template.")
    var otherGeneration: String?

    @Option(help: "A LoRA adapter of --checkpoint, to be merged wrongly.")
    var adapter: String?

    @Option(help: "Use the policy's probes for this repository; by default sample/ and the name of the folder.")
    var repository: String?

    @Option(help: "A file with the text to measure the likelihood of, instead of the policy's.")
    var text: String?

    @Option(help: "Only this fault; may be given several times.")
    var only: [String] = []

    @Option(help: "Folder of the sample models.")
    var fixtures: String = "Tests/Fixtures"

    @Flag(help: "Print the reasons that the checks give, too.")
    var reasons = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        let known = Set(Fault.all.map(\.name))
        for name in only where !known.contains(name) {
            throw ValidationError("--only \(name): no such fault; there are \(known.sorted().joined(separator: ", ")).")
        }
    }

    func run() async throws {
        let command = self, policies = try registry.resolve().registry.policies
        let checkpoints = checkpoint.isEmpty ? BenchCheckpoint.samples(in: fixtures) : try given()
        let report = try await blocking(qos: .userInitiated) {
            let policy = try PolicyFile.read(policies)
            let text = try command.text.map { try String(contentsOfFile: $0, encoding: .utf8) }
            let faults = command.only.isEmpty ? Fault.all : Fault.all.filter { command.only.contains($0.name) }
            return FaultReport(
                rows: try checkpoints.flatMap { checkpoint in
                    Terminal.say("breaking \(checkpoint.name)")
                    return try checkpoint.rows(faults, policy, text: text)
                })
        }
        try output.print(report) { $0.lines(withReasons: reasons) }
    }

    private func given() throws -> [BenchCheckpoint] {
        try checkpoint.map { path in
            let url = URL(filePath: path), isFile = url.pathExtension == "gguf"
            let folder = (isFile ? url.deletingLastPathComponent() : url).lastPathComponent
            return BenchCheckpoint(
                name: url.lastPathComponent, path: path, repository: try RepositoryID(repository ?? "sample/\(folder)"),
                original: original, materials: .init(otherGeneration: otherGeneration, adapter: adapter))
        }
    }
}

/// A healthy checkpoint to be broken, and what the policy knows it by.
struct BenchCheckpoint: Sendable {
    let name: String
    let path: String
    let repository: RepositoryID
    var original: String?
    var materials = Fault.Materials()

    /// The trained models of the project's own tests: Gemma 3 and 4, safetensors and GGUF.
    static func samples(in fixtures: String) -> [BenchCheckpoint] {
        let gemma3 = "\(fixtures)/Hub/sample/gemma-3-tiny-it", gemma4 = "\(fixtures)/Hub/sample/gemma-4-tiny"
        let quantised = "\(fixtures)/Hub/sample/gemma-3-tiny-gguf/gemma-3-tiny-it"
        guard let tiny = try? RepositoryID("sample/gemma-3-tiny-it"),
            let tiny4 = try? RepositoryID("sample/gemma-4-tiny")
        else { return [] }
        let others = (Fault.Materials(otherGeneration: gemma4), Fault.Materials(otherGeneration: gemma3))
        return [
            BenchCheckpoint(
                name: "gemma-3", path: gemma3, repository: tiny,
                materials: .init(otherGeneration: gemma4, adapter: "\(fixtures)/Models/lora-plain")),
            BenchCheckpoint(name: "gemma-4", path: gemma4, repository: tiny4, materials: others.1),
            BenchCheckpoint(
                name: "gemma-3-Q8_0", path: "\(quantised)-Q8_0.gguf", repository: tiny, original: gemma3,
                materials: others.0),
            BenchCheckpoint(
                name: "gemma-3-Q4_0", path: "\(quantised)-Q4_0.gguf", repository: tiny, original: gemma3,
                materials: others.0),
            BenchCheckpoint(
                name: "gemma-4-Q8_0", path: "\(fixtures)/GGUF/gemma4-trained-q8_0.gguf", repository: tiny4,
                original: gemma4, materials: others.1),
        ]
    }

    /// The healthy row first, then one for each fault that makes sense here. Blocking.
    func rows(_ faults: [Fault], _ policy: Policy, text: String?) throws -> [FaultRow] {
        guard let probe = policy.probe(for: repository) else {
            throw Failure(message: "the policy has no probe for \(repository): give --repository", exitCode: 2)
        }
        var job = SmokeTestJob(
            model: path, repository: repository, card: .init(), base: nil, policy: policy, probe: probe,
            testerBuild: "lapidary bench")
        if let text { job.probes.texts = [.init(language: "en", text: text)] }
        let trial = FaultTrial(name: name, path: path, original: original, materials: materials, job: job)
        return try [trial.healthy] + faults.compactMap { try trial.row($0) }
    }
}
