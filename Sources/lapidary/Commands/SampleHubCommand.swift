import ArgumentParser
import RegistryCore
import SampleHub

struct SampleHubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample-hub",
        abstract: "Serve a folder of repositories as a small Hugging Face hub, to try things against.")

    @Argument(help: "Folder with {namespace}/{name}/… and, if wanted, hub.json.")
    var folder: String

    @Option(help: "host:port to listen on; port 0 takes a free one.")
    var listen: String = "127.0.0.1:8641"

    func run() async throws {
        let (host, port) = try Settings.hostAndPort(listen)
        let folder = folder
        let hub = try await blocking { try SampleHub(folder: folder, listen: host, port: port) }
        try await hub.run { Terminal.say("sample hub at http://\(host):\($0)") }
    }
}
