import ArgumentParser
import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryUpstream
import Synchronization

struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Hash the models on this machine, and report them to a registry.",
        discussion: """
            Looks into the Hugging Face cache, or the folders that are given. Without --report it only prints what \
            it finds. A report replaces this host's former one. LAPIDARY_TOKEN is sent, where it is set.
            """)

    @Argument(help: "Folders to look into; none for the Hugging Face cache.")
    var folders: [String] = []

    @Option(help: "URL of the registry to report to, e.g. http://models.corp:8642.")
    var report: String?

    @Option(help: "What this host is called in the inventory; default its host name.")
    var host: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let terminal = Terminal()
        let places = folders.isEmpty ? [Scan.huggingFaceCache(environment)] : folders
        let models = try await Scan(folders: places).run(report: terminal.show)
        guard let report else { return try printFound(models) }

        let body = ReportDeployments(host: host ?? ProcessInfo.processInfo.hostName, models: models)
        let post = JSONPost(
            url: report.trimmingSuffix("/") + "/api/inventory",
            token: environment["LAPIDARY_TOKEN"].map(Secret.init), body: Array(try JSONEncoder().encode(body)))
        let lines = Mutex<[UInt8]>([])
        let status = try await post.send { line in lines.withLock { $0 += line } }
        let answer = Data(lines.withLock { $0 })
        guard status == 200, let rows = try? JSONDecoder().decode([InventoryRow].self, from: answer) else {
            let words = String(decoding: answer, as: UTF8.self).printable
            throw Failure(message: "\(report) did not take the report: status \(status) \(words)", exitCode: 1)
        }
        try output.print(rows) { $0.isEmpty ? ["no models here"] : InventoryTable.lines($0) }
    }

    private func printFound(_ models: [SeenModel]) throws {
        try output.print(models) { models in
            guard !models.isEmpty else { return ["no models here"] }
            return Table(
                head: ["MODEL", "COMMIT", "SIZE", "PATH"],
                rows: models.map {
                    [
                        $0.repository.isEmpty ? "-" : $0.repository, String($0.commit.prefix(7)),
                        Quantity.bytes($0.size), $0.path,
                    ]
                }
            ).lines
        }
    }
}

struct InventoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "Show which hosts hold which models, and whether they are approved here.")

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let rows = try await Connection.perform(ShowInventory(), registry.resolve())
        try output.print(rows) { rows in
            rows.isEmpty
                ? ["no host has reported: 'lapidary scan --report URL' does, on each machine"]
                : InventoryTable.lines(rows)
        }
    }
}

enum InventoryTable {
    static func lines(_ rows: [InventoryRow]) -> [String] {
        Table(
            head: ["HOST", "STATE", "MODEL", "COMMIT", "SIZE", "LAST SEEN", "PATH"],
            rows: rows.map {
                [
                    $0.host, $0.goneAt == nil ? $0.state.rawValue : "\($0.state.rawValue), gone",
                    $0.repository.isEmpty ? "-" : $0.repository, String($0.commit.prefix(7)),
                    Quantity.bytes($0.size), $0.lastSeenAt.minutes, $0.path,
                ]
            }
        ).lines
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
