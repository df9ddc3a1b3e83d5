import ArgumentParser
import RegistryCatalog
import RegistryOperations

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make tokens for consumers.", subcommands: [CreateTokenCommand.self])
}

struct CreateTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token; it is printed once, and stored only as a hash.",
        discussion: "Give it to the team as HF_TOKEN: their pulls then count as theirs.")

    @Option(help: "The team that the token stands for.")
    var team: String

    @Option(help: "Where it is used: production, experiment or ci.")
    var environment: TokenEnvironment

    @Option(help: "The team's sector, e.g. health.")
    var sector: String = ""

    @Option(help: "What the models are for.")
    var useCase: String = ""

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await Connection.perform(
            CreateToken(
                team: team, environment: environment.consumerEnvironment, sector: sector, useCase: useCase),
            registry.resolve())
        Terminal.say("token for \(answer.consumer.label); it is shown this once:")
        try output.print(answer) { [$0.token] }
    }
}

enum TokenEnvironment: String, ExpressibleByArgument, CaseIterable {
    case production, experiment, ci

    var consumerEnvironment: Consumer.Environment {
        switch self {
        case .production: .production
        case .experiment: .experiment
        case .ci: .ci
        }
    }
}
