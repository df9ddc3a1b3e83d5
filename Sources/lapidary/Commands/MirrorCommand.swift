import ArgumentParser
import RegistryCore
import RegistryOperations
import UnixSignals

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
        let verb = Mirror(repository: repository, revision: revision ?? .main)
        let settings = try registry.resolve()
        let answer = try await Interruptible.run {
            try await Connection.perform(verb, settings, report: terminal.show)
        }
        try output.print(answer) { $0.lines }
        if answer.exitCode != 0 { throw ExitCode(answer.exitCode) }
    }
}

/// Work that ends in good order on SIGINT and SIGTERM: the job's row says so, and no child is left behind.
enum Interruptible {
    static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() ?? nil else {
                group.cancelAll()
                try await group.waitForAll()
                throw CancellationError()
            }
            return value
        }
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
