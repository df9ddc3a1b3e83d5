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

    /// For the bench, whose bounds are its own.
    @Flag(help: .hidden)
    var jobFromInput = false

    @Flag(help: "Run the model in this process instead of a sealed one. Only for models that you trust.")
    var unsealed = false

    @Flag(help: "Give pages of weights back after use: about 64 MiB of memory in all, for up to twice the time.")
    var frugal = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let name = try RepositoryID(repository ?? "unnamed/model")
        let settings = try registry.resolve().registry, policy = try PolicyFile.read(settings.policies)
        let job = try jobFromInput ? givenJob() : job(for: name, settings, policy)
        let report =
            try await unsealed ? blocking(qos: .userInitiated) { SmokeTest.run(job) } : sealed(job, settings, policy)
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

    private func sealed(
        _ job: SmokeTestJob, _ settings: RegistryConfiguration, _ policy: Policy
    ) async throws -> SmokeTestReport {
        let process = SmokeTestProcess(
            executable: settings.executable, timeLimit: policy.smokeTest.timeLimit,
            leastLevel: policy.smokeTest.sandbox, memoryAllowance: policy.smokeTest.memoryAllowance)
        let terminal = Terminal()
        let answer: SmokeTestProcess.Answer
        do {
            answer = try await Interruptible.run {
                try await process.run(job) { step in
                    terminal.show(.testing(TestProgress(check: step.check.rawValue, part: step.done)))
                }
            }
        } catch let broken as SmokeTestProcess.Broken {
            throw Failure(message: "failed: \(broken)", exitCode: 3)
        }
        Terminal.say("sealed: \(answer.sandbox)")
        return answer.report
    }

    private func givenJob() throws -> SmokeTestJob {
        try JSONDecoder().decode(SmokeTestJob.self, from: FileHandle.standardInput.readToEnd() ?? Data())
    }

    private func job(
        for name: RepositoryID, _ settings: RegistryConfiguration, _ policy: Policy
    ) throws -> SmokeTestJob {
        guard let probe = policy.probe(for: name) else {
            throw Failure(message: "\(settings.policies) has no probe for \(name): give --repository", exitCode: 2)
        }
        var job = SmokeTestJob(
            model: directory.absolutePath, repository: name, card: .init(relation: relation?.rawValue),
            base: base.map { .init(name: $0, folder: $0.absolutePath) }, policy: policy, probe: probe,
            testerBuild: "lapidary")
        if let depth { job.depth = depth == .full ? .full : .quick }
        if let modelClass { job.modelClass = modelClass }
        job.residency = frugal ? .frugal : .mapped
        return job
    }
}

extension String {
    /// The sealed process does not share our working directory.
    fileprivate var absolutePath: String { URL(filePath: self).path }
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
