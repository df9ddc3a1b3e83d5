import ArgumentParser
import RegistryCatalog
import RegistryCore
import RegistryOperations
import UnixSignals

struct MirrorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mirror",
        abstract: "Fetch a model, verify, inspect and run it, decide, and serve it.",
        discussion: """
            Waits for the verdict. Exit codes: 0 served, 3 held or refused, 4 the bytes did not match what upstream \
            announced, 1 anything that may work another time. What was decided on before under the same rules is not \
            fetched or tested again, unless --again says so.
            """)

    @Argument(help: "namespace/name, or namespace/name@revision (a branch, tag or commit; default main).")
    var model: String

    @Flag(help: "Only say what would be fetched: files, requests, bytes and time.")
    var plan = false

    @Flag(help: "Leave it to the server, this one or the next that starts, and do not wait.")
    var detach = false

    @Flag(help: "Fetch and test anew what was refused or held before under the same rules.")
    var again = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [plan, detach, again].count(where: { $0 }) < 2 else {
            throw ValidationError("only one of --plan, --detach and --again")
        }
    }

    func run() async throws {
        let (repository, named) = try ModelArgument.parse(model)
        let revision = named ?? .main
        let terminal = Terminal()
        let settings = try registry.resolve()
        if plan {
            let verb = PlanMirror(repository: repository, revision: revision)
            return try output.print(try await Connection.perform(verb, settings)) { $0.lines }
        }
        if detach {
            let verb = QueueMirror(repository: repository, revision: revision)
            return try output.print(try await Connection.perform(verb, settings)) { job in
                ["job \(job.id) is \(job.state.rawValue): 'lapidary jobs' shows how it goes"]
            }
        }
        let verb = Mirror(repository: repository, revision: revision, again: again)
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
                : "\(name) is \(state.rawValue) by rule \(rule): \(reason.printable)"
                    + (wasHere && state != .revoked ? " (as before; --again fetches and tests it anew)" : ""))
        return lines
    }
}
