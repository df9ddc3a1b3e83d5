import ArgumentParser
import Logging
import RegistryCore
import RegistryOperations
import RegistryPolicy
import RegistryServer
import ServiceLifecycle
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve approved models over the Hugging Face protocol, with pages and the API for this command line.",
        discussion: """
            Each setting is taken from its option, else its environment variable, else the YAML file that --config or \
            LAPIDARY_CONFIG names (keys spelled as the options without dashes in front), else its default. HF_TOKEN is \
            sent to the upstream, and nowhere else. Paths are relative to the folder that this is started in.

            /healthz answers when the server is ready. SIGINT and SIGTERM let running answers finish.
            """)

    @OptionGroup var listen: ListenOptions
    @OptionGroup var registry: RegistryOptions

    func run() async throws {
        let settings = try Settings(registry, listen)
        let registry = try await Registry.open(settings.registry)
        try await registry.applyPolicy()
        let tests = try await Retest().perform(in: registry) { _ in }
        let server = try buildServer(
            registry: registry, host: settings.host, port: settings.port, logger: Serve.logger
        ) { url in
            Terminal.say(
                """
                lapidary serves at \(url)
                  storage   \(settings.registry.storage)
                  policy    \(registry.policy.name), \(settings.registry.policies)
                  upstream  \(settings.registry.upstream)
                  clients   HF_ENDPOINT=\(url) hf download NAMESPACE/NAME
                """)
            if tests.rows.contains(where: { $0.state != .current }) {
                Terminal.say("  re-tests  \(tests.summary) ('lapidary retest' lists them)")
            }
        }
        try await Serve.untilStopped(server)
    }

    static var logger: Logger {
        var logger = Logger(label: "lapidary") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }

    /// Runs until SIGINT or SIGTERM.
    static func untilStopped(_ server: LapidaryServer) async throws {
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        ).run()
    }
}
