import ArgumentParser
import RegistryCatalog
import RegistryCore
import RegistryOperations

struct RetestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retest",
        abstract:
            "List what the present tester, probes and bounds would change over everything served; or test it now.",
        discussion: """
            A server re-tests by itself, in the background, what was tested under other rules; until all of it has a \
            new verdict, each model is served under the one it has, then all new verdicts take effect together. Exit \
            codes: 0 ok, 3 the one model named is not served after its test.
            """)

    @Argument(help: "Test this model at once, whatever its verdict was made under: namespace/name[@revision].")
    var model: String?

    @Flag(help: "Test what is missing now and wait for it; the verdicts take effect when all are there.")
    var now = false

    @Flag(help: "Let the new verdicts take effect although they take most of what is served out of service.")
    var apply = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if model != nil, now || apply {
            throw ValidationError("a model is tested at once: leave out --now and --apply")
        }
    }

    func run() async throws {
        let named = try model.map(ModelArgument.parse)
        let verb = Retest(repository: named?.0, revision: named?.1, now: now, apply: apply)
        let settings = try registry.resolve()
        let terminal = Terminal()
        let answer = try await Interruptible.run {
            try await Connection.perform(verb, settings, report: terminal.show)
        }
        try output.print(answer) { $0.lines }
        if answer.exitCode != 0 { throw ExitCode(answer.exitCode) }
    }
}

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "End what runs or waits for a model here: its mirroring or its re-test.",
        discussion: "What was served stays served, what was fetched is kept, and the same command can be given again.")

    @Argument(help: "namespace/name.")
    var model: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let repository = try RepositoryID(model)
        let jobs = try await Connection.perform(CancelModel(repository: repository), registry.resolve())
        try output.print(jobs) { jobs in
            jobs.map {
                "\($0.kind == .mirror ? "mirroring" : "re-test") of \($0.repository)@\($0.revision): "
                    + "\($0.state.rawValue), \($0.message.printable)"
            }
        }
    }
}

extension Retest.Answer {
    fileprivate var lines: [String] {
        if let model, let row = rows.first {
            let why = model.reason.isEmpty ? "" : ", \(model.reason.printable)"
            return [
                "\(row.repository)@\(row.commit.short): \(row.change.printable)",
                "state: \(model.state.rawValue)\(why)",
            ]
        }
        guard !rows.isEmpty else { return ["nothing is served that was run"] }
        var lines = Table(
            head: ["MODEL", "COMMIT", "VERDICT", "RULES", "NEW RULES", "CHANGE"],
            rows: rows.map {
                [
                    $0.repository.description, $0.commit.short, $0.verdict.rawValue,
                    $0.identity?.digest.short ?? "-", $0.nextVerdict?.rawValue ?? "-", $0.change,
                ]
            }
        ).lines
        lines += ["", summary]
        lines += changes.map { "  \($0.printable)" }
        if let brake { lines.append("held: \(brake)") }
        if let trouble {
            lines.append(
                "stopped \(trouble.at.minutes): \(trouble.message.printable); everything stays served as it is")
        }
        return lines
    }
}
