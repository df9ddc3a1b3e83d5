import ArgumentParser
import RegistryCatalog
import RegistryCore
import RegistryOperations

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List every model that is known here, with state, verdict and pulls.")

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let models = try await Connection.perform(ListModels(), registry.resolve())
        try output.print(models) { models in
            guard !models.isEmpty else { return ["no models yet: lapidary mirror google/gemma-3-1b-it fetches one"] }
            let head = ["MODEL", "STATE", "VERDICT", "SIZE", "PULLS", "COMMIT", "NOTE"]
            return Table(
                head: head,
                rows: models.map {
                    [
                        $0.repository.description, $0.state.rawValue, $0.verdict, Quantity.bytes($0.size),
                        "\($0.pulls.pulls)", $0.commit?.short ?? "-",
                        [$0.activity, $0.reason].filter { !$0.isEmpty }.joined(separator: "; "),
                    ]
                }
            ).lines
        }
    }
}

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is known of one model.")

    @Argument(help: "namespace/name, or namespace/name@revision.")
    var model: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (repository, revision) = try ModelArgument.parse(model)
        let detail = try await Connection.perform(
            ShowModel(repository: repository, revision: revision), registry.resolve())
        try output.print(detail) { $0.lines }
    }
}
