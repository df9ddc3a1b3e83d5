import ArgumentParser
import Dispatch
import Foundation
import GemmaInference
import ModelFormats
import RegistryCore
import RegistryOperations
import RegistryPolicy

struct SmokeTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "smoke-test",
        abstract: "Run a model's smoke test on a folder of files, and print check by check what was seen.",
        discussion: """
            The text, prompt and bounds come from the policy's probe for --repository, or as JSON from --probe ('-' \
            reads standard input; that is how the registry runs this, in a child process with an empty environment). \
            Exit codes: 0 passed or warned, 3 failed or not runnable.
            """)

    @Argument(help: "Folder with the model's files, or a GGUF file.")
    var directory: String

    @Option(help: "Use the policy's probe for this repository.")
    var repository: String?

    @Option(help: "A probe as JSON: a file, or - for standard input.")
    var probe: String?

    @Flag(help: "Give pages of weights back after use: about 64 MiB of memory in all, for up to twice the time.")
    var frugal = false

    @Option(help: .hidden)
    var testerBuild: String = "lapidary"

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let probe = try readProbe()
        let directory = directory
        let residency: WeightResidency = frugal ? .frugal : .mapped
        let build = testerBuild
        let report = try await blocking(qos: .userInitiated) {
            SmokeTest.run(
                try ModelFiles(path: directory), probe: probe, testerBuild: build, residency: residency)
        }
        try output.print(report) { report in
            Table(
                head: ["CHECK", "OUTCOME", "VALUE", "BOUND", "REASON"],
                rows: report.checks.map { [$0.name.rawValue, $0.outcome.rawValue, $0.value, $0.bound, $0.reason] }
            ).lines + [
                "",
                "verdict: \(report.verdict.rawValue), in \(Quantity.fixed(report.seconds, 2)) s, "
                    + "peak memory \(Quantity.bytes(Int64(report.peakMemoryBytes)))",
            ]
        }
        if report.verdict != .passed, report.verdict != .warned { throw ExitCode(3) }
    }

    private func readProbe() throws -> SmokeTestProbe {
        if let probe {
            let bytes =
                probe == "-"
                ? try FileHandle.standardInput.readToEnd() : FileManager.default.contents(atPath: probe)
            guard let bytes, let value = try? JSONDecoder().decode(SmokeTestProbe.self, from: bytes) else {
                throw Failure(
                    message: "--probe: expected JSON with text, maximumMeanNLL, prompt and maxTokens", exitCode: 2)
            }
            return value
        }
        let name = try RepositoryID(repository ?? "unnamed/model")
        let settings = try registry.resolve()
        guard let probe = try PolicyFile.read(settings.registry.policies).probe(for: name) else {
            throw Failure(
                message: "\(settings.registry.policies) has no probe for \(name): give --repository or --probe",
                exitCode: 2)
        }
        return SmokeTestProbe(probe)
    }
}
