import ArgumentParser
import RegistryCore
import RegistryOperations
import RegistryStorage

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "List the settings with where each came from, and check what a registry stands on.",
        discussion: """
            Upstream, proxy, certificates, clock, token, what the way there does to files, disk, catalogue, keys, the \
            sealed room. Where a server runs it looks, with its settings and its user's eyes; --here looks from this \
            process, with the settings that are given here. Changes nothing. Exit codes: 0 nothing fails, 1 something does.
            """)

    @Option(
        help: "Try transfers with small files of this one: namespace/name (else the first that the policy follows).")
    var repository: String?

    @Flag(help: "Look from this process, also where a server runs.")
    var here = false

    @OptionGroup var listen: ListenOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let settings = try Settings(registry, listen)
        let doctor = Doctor(repository: try repository.map { try RepositoryID($0) })
        let diagnosis = try await Interruptible.run { try await examine(doctor, settings) }
        try output.print(diagnosis) { $0.lines }
        if diagnosis.exitCode != 0 { throw ExitCode(diagnosis.exitCode) }
    }

    private func examine(_ doctor: Doctor, _ settings: Settings) async throws -> Diagnosis {
        let layout = StorageLayout(root: settings.registry.storage)
        guard let server = StorageLock.server(layout) else {
            return await doctor.examine(settings.registry, place: "this command, and its settings; no server runs")
        }
        guard !here, KeyFile.read(layout.adminToken) != nil else {
            return await doctor.examine(
                settings.registry,
                place: "this command, and its settings; a server runs as process \(server.pid)"
                    + (here ? "" : " and would look itself, if you were its user"))
        }
        return try await Connection.perform(doctor, settings)
    }
}

extension Diagnosis {
    fileprivate var lines: [String] {
        let counts = [HealthCheck.Outcome.fail, .warn, .unchecked].compactMap { outcome in
            let count = checks.count { $0.outcome == outcome }
            return count > 0 ? "\(count) \(outcome.rawValue)" : nil
        }
        return ["checked by \(place)", ""]
            + Table(head: ["SETTING", "VALUE", "FROM"], rows: settings.map { [$0.name, $0.value, $0.source] }).lines
            + [""]
            + checks.flatMap { check in
                ["\(check.outcome.rawValue.padded(to: 9))  \(check.name): \(check.measured.printable)"]
                    + (check.advice.isEmpty ? [] : ["           \(check.advice.printable)"])
            }
            + ["", counts.isEmpty ? "all is well" : counts.joined(separator: ", ")]
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
