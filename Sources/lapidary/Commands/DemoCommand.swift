import ArgumentParser
import Foundation
import RegistryCore
import RegistryOperations
import RegistryServer
import RegistryUpstream
import SampleHub

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Start a registry on an embedded sample upstream, and mirror, test and serve its small models.")

    @Option(help: "Folder of sample repositories.")
    var samples: String = "Tests/Fixtures/Hub"

    @OptionGroup var listen: ListenOptions
    @OptionGroup var registry: RegistryOptions

    func run() async throws {
        let samples = samples
        let settings = try Settings(registry, listen)
        let hub = try await blocking { try SampleHub(folder: samples) }
        try await hub.whileRunning { upstream in
            var configuration = settings.registry
            configuration.upstream = upstream
            // The sample hub keeps large files on a host of its own, as huggingface.co does.
            configuration.hub.redirectHosts.append("localhost")
            let registry = try await Registry.open(configuration)
            try await registry.applyPolicy()
            let (urls, listening) = AsyncStream.makeStream(of: String.self)
            let server = try buildServer(
                registry: registry, host: settings.host, port: settings.port, logger: Serve.logger
            ) { listening.yield($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { listening.finish() }
                    try await Serve.untilStopped(server)
                }
                group.addTask {
                    for await url in urls {
                        try await mirrorAll(of: hub, in: registry)
                        try await explain(registry, url)
                    }
                }
                // The first to end is the server: it was told to stop, or could not start.
                defer { group.cancelAll() }
                try await group.next()
                try await group.next()
            }
        }
    }

    private func mirrorAll(of hub: SampleHub, in registry: Registry) async throws {
        let terminal = Terminal()
        for repository in hub.repositories {
            Terminal.say("\n\(repository)")
            let answer = try await Mirror(repository: repository, revision: .main)
                .perform(in: registry, report: terminal.show)
            Terminal.say(
                answer.state == .served
                    ? "served\(answer.wasHere ? ", as before" : "")"
                    : "\(answer.state.rawValue) by rule \(answer.rule): \(answer.reason.printable)")
        }
    }

    private func explain(_ registry: Registry, _ url: String) async throws {
        let models = try await registry.summaries()
        let served = models.first { $0.state == .served }?.repository.description ?? "NAMESPACE/NAME"
        let refused =
            models.first { $0.state == .refused && $0.verdict == "failed" }?.repository.description ?? "NAMESPACE/NAME"
        let storage = registry.configuration.storage
        let isDefault = storage == FileManager.default.currentDirectoryPath + "/Storage"
        let lapidary = (isDefault ? "" : "LAPIDARY_STORAGE=\(storage) ") + ".build/release/lapidary"
        let table = Table(
            head: ["MODEL", "STATE", "VERDICT", "SIZE"],
            rows: models.map {
                [$0.repository.description, $0.state.rawValue, $0.verdict, Quantity.bytes($0.size)]
            })
        Terminal.say(
            """

            \(table.lines.joined(separator: "\n"))

            Open    \(url)

            Paste   HF_ENDPOINT=\(url) hf download \(served)
            and     HF_ENDPOINT=\(url) hf download \(refused)
                    (hf is the client of Hugging Face: pip install huggingface_hub)

            Ask     \(lapidary) stats
            and     \(lapidary) show \(refused)
            and     \(lapidary) scan --report \(url)
            and     \(lapidary) revoke \(served) --reason 'trying it out'

            Ctrl-C stops it.
            """)
    }
}
