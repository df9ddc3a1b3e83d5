import ArgumentParser
import RegistryCatalog
import RegistryCore
import RegistryOperations

struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Stop serving a model at once, and print who pulled it.")

    @Argument(help: "namespace/name for every snapshot of it, or namespace/name@commit for one.")
    var model: String

    @Option(help: "Why; refused clients read it.")
    var reason: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (repository, revision) = try ModelArgument.parse(model)
        let answer = try await Connection.perform(
            RevokeModel(repository: repository, revision: revision, reason: reason), registry.resolve())
        try output.print(answer) { answer in
            var lines = answer.commits.map { "\(answer.repository)@\($0.short) is revoked and no longer served" }
            lines.append(answer.pulls.isEmpty ? "nobody pulled it" : "pulled by:")
            lines += PullTable.lines(answer.pulls)
            if !answer.deployments.isEmpty { lines += ["seen on:"] + InventoryTable.lines(answer.deployments) }
            return lines
        }
    }
}

struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show how often models were pulled, and by whom.",
        discussion: """
            A pull is one consumer fetching one snapshot, counted once, when every weight file has been delivered \
            whole. Headers alone, ranges and cut-off transfers are kept and shown apart.
            """)

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await Connection.perform(ShowStatistics(), registry.resolve())
        try output.print(answer) { answer in
            guard !answer.models.isEmpty else { return ["no pulls yet"] }
            let models = Table(
                head: ["MODEL", "COMMIT", "PULLS", "UNFINISHED", "SENT", "RANGES", "CUT OFF", "HEADS", "LAST"],
                rows: answer.models.map {
                    [
                        $0.repository.description, $0.commit.short, "\($0.count.pulls)", "\($0.count.unfinished)",
                        Quantity.bytes($0.count.bytes), "\($0.count.partial)", "\($0.count.aborted)",
                        "\($0.count.heads)", $0.count.lastAt?.minutes ?? "-",
                    ]
                })
            return models.lines + [""] + PullTable.lines(answer.pulls)
        }
    }
}

enum PullTable {
    static func lines(_ pulls: [Pull]) -> [String] {
        guard !pulls.isEmpty else { return [] }
        return Table(
            head: ["CONSUMER", "MODEL", "COMMIT", "SENT", "LAST", "STATE"],
            rows: pulls.map {
                [
                    $0.consumer.label, $0.repository.description, $0.commit.short, Quantity.bytes($0.bytes),
                    $0.lastAt.minutes, $0.completedAt == nil ? "unfinished" : "complete",
                ]
            }
        ).lines
    }
}
