import ArgumentParser
import RegistryCore
import RegistryOperations

struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Fetch a model, verify, inspect and run it, decide, and serve it.",
        discussion: """
            Waits for the verdict. Exit codes: 0 served, 3 held or refused, 4 the bytes did not match what upstream \
            announced, 1 anything that may work another time.
            """)

    @Argument(help: "namespace/name, or namespace/name@revision (a branch, tag or commit; default main).")
    var model: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (repository, revision) = try ModelArgument.parse(model)
        let terminal = Terminal()
        let answer = try await Connection.perform(
            Mirror(repository: repository, revision: revision ?? .main), registry.resolve(), report: terminal.show)
        try output.print(answer) { $0.lines }
        if answer.exitCode != 0 { throw ExitCode(answer.exitCode) }
    }
}

/// `namespace/name[@revision]`.
enum ModelArgument {
    static func parse(_ text: String) throws(InvalidName) -> (RepositoryID, Revision?) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (try RepositoryID(parts[0]), parts.count == 2 ? try Revision(parts[1]) : nil)
    }
}

extension Mirror.Answer {
    fileprivate var lines: [String] {
        var lines = evidence.map { "\($0.kind.rawValue): \($0.outcome.rawValue), \($0.summary.printable)" }
        lines += findings.map { "finding \($0.rule) (\($0.effect.rawValue)): \($0.message.printable)" }
        let name = "\(repository)@\(commit.short)"
        lines.append(
            state == .served
                ? "\(name) is served\(wasHere ? ", as before" : ""): \(files) files, \(Quantity.bytes(size))"
                : "\(name) is \(state.rawValue) by rule \(rule): \(reason.printable)")
        return lines
    }
}
