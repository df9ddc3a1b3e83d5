import ArgumentParser
import Dispatch
import Foundation
import GemmaInference
import RegistryCore
import RegistryOperations
import RegistryPolicy
import SmokeTesting

struct SmokeTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "smoke-test",
        abstract: "Run a model's smoke test on a folder of files, and print check by check what was seen.",
        discussion: """
            Texts, prompts and bounds come from the policy's probe for --repository, which the registry takes too, \
            in a child process. With --base, the model is also compared with the one that it descends from. Exit \
            codes: 0 passed or warned, 3 failed or not runnable.
            """)

    @Argument(help: "Folder with the model's files, or a GGUF file.")
    var directory: String

    @Option(help: "Use the policy's probe for this repository.")
    var repository: String?

    @Flag(help: "How much is asked; the policy's depth when not given.")
    var depth: Depth?

    @Option(name: .customLong("class"), help: "What to take the model for; it is recognised when not given.")
    var modelClass: ModelClass?

    @Option(help: "Folder of the model that this one descends from.")
    var base: String?

    @Option(help: "What the model is to its base: finetune, adapter, quantized or merge.")
    var relation: Relation?

    @Option(help: .hidden)
    var job: String?

    @Option(help: .hidden)
    var niceness: Int32 = 0

    @Flag(help: "Give pages of weights back after use: about 64 MiB of memory in all, for up to twice the time.")
    var frugal = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if niceness > 0 { _ = nice(niceness) }
        let job = try readJob()
        let report = try await blocking(qos: .userInitiated) { SmokeTest.run(job) }
        try output.print(report) { report in
            Table(
                head: ["CHECK", "OUTCOME", "VALUE", "BOUND", "REASON"],
                rows: report.checks.map { [$0.name.rawValue, $0.outcome.rawValue, $0.value, $0.bound, $0.reason] }
            ).lines + report.texts.flatMap { ["", "\($0.language): \($0.prompt)", "    \($0.text.printable)"] } + [
                "",
                report.modelClass.map { "class: \($0.rawValue), because \(report.classReason)" } ?? "class: unknown",
                "verdict: \(report.verdict.rawValue), in \(Quantity.fixed(report.seconds, 2)) s, "
                    + "peak memory \(Quantity.bytes(Int64(report.peakMemoryBytes)))",
            ]
        }
        if report.verdict != .passed, report.verdict != .warned { throw ExitCode(3) }
    }

    private func readJob() throws -> SmokeTestJob {
        if job != nil {
            guard let bytes = try FileHandle.standardInput.readToEnd(),
                let job = try? JSONDecoder().decode(SmokeTestJob.self, from: bytes)
            else { throw Failure(message: "--job: expected a job as JSON on standard input", exitCode: 2) }
            return job
        }
        let name = try RepositoryID(repository ?? "unnamed/model")
        let settings = try registry.resolve(), policy = try PolicyFile.read(settings.registry.policies)
        guard let probe = policy.probe(for: name) else {
            throw Failure(
                message: "\(settings.registry.policies) has no probe for \(name): give --repository", exitCode: 2)
        }
        var job = SmokeTestJob(
            model: directory, repository: name, card: .init(relation: relation?.rawValue),
            base: base.map { .init(name: $0, folder: $0) }, policy: policy, probe: probe, testerBuild: "lapidary")
        if let depth { job.depth = depth == .full ? .full : .quick }
        if let modelClass { job.modelClass = modelClass }
        job.residency = frugal ? .frugal : .mapped
        return job
    }
}

extension SmokeTestCommand {
    enum Depth: String, EnumerableFlag {
        case quick, full

        static func help(for value: Depth) -> ArgumentHelp? {
            value == .quick ? "Ask little: seconds." : "Ask everything: minutes."
        }
    }

    enum Relation: String, ExpressibleByArgument, CaseIterable { case finetune, adapter, quantized, merge }
}

extension ModelClass: ExpressibleByArgument {}
