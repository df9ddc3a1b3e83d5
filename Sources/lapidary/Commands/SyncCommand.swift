import ArgumentParser
import RegistryCore
import RegistryOperations

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Look at everything that the policy follows, and bring in what is new upstream.",
        discussion: """
            'follow:' in the policy says what is followed, and how often a server does this by itself. A new commit is \
            fetched, tested and decided on, and waits: what is served stays until 'lapidary mirror NAME'. A repository \
            that vanished, moved or became another one stops for a person ('lapidary accept'). Exit codes: 0, or 1 where \
            something failed or needs a person.
            """)

    @Argument(help: "These models alone: namespace/name.")
    var models: [String] = []

    @Flag(help: "Look, and fetch nothing.")
    var dryRun = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let verb = Sync(only: try models.map { try RepositoryID($0) }, dryRun: dryRun)
        let settings = try registry.resolve()
        let terminal = Terminal()
        let answer = try await Interruptible.run {
            try await Connection.perform(verb, settings, report: terminal.show)
        }
        try output.print(answer) { answer in
            let missed = answer.notListed.map { "not listed: \($0.printable)" }
            guard !answer.rows.isEmpty else {
                return missed + ["nothing is followed: 'follow:' in the policy says what should be"]
            }
            let table = Table(
                head: ["MODEL", "OUTCOME", "NOTE"],
                rows: answer.rows.map { [$0.repository.description, $0.outcome.rawValue, $0.note] })
            return table.lines + missed + [answer.summary]
        }
        if answer.exitCode != 0 { throw ExitCode(answer.exitCode) }
    }
}

struct AcceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Say that you have looked at a repository that vanished, moved or became another one upstream.",
        discussion: "It is then taken for what upstream says it is. What is served stays what was approved.")

    @Argument(help: "namespace/name; several, where one reason holds for all.")
    var models: [String]

    @Option(help: "What you found; kept in the audit log.")
    var reason: String

    @OptionGroup var registry: RegistryOptions

    func run() async throws {
        let settings = try registry.resolve()
        for repository in try models.map({ try RepositoryID($0) }) {
            print(try await Connection.perform(AcceptOrigin(repository: repository, reason: reason), settings))
        }
    }
}
