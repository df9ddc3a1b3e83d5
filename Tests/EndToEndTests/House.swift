import Foundation
import Logging
import RegistryCore
import RegistryOperations
import RegistryServer
import RegistryUpstream
import SampleHub
import Testing

/// A whole Lapidary in a temporary folder: sample upstream, registry and server on real sockets, and the programs that
/// users have in front of them.
struct House: Sendable {
    let registry: Registry
    /// The server's, `http://127.0.0.1:<port>`.
    let url: String
    let hub: SampleHub
    let folder: String

    static let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let hubFolder = "\(project)/Tests/Fixtures/Hub"
    static let executable = "\(project)/.build/release/lapidary"

    /// Opens the house, lets `body` live in it, and takes it down.
    static func open<Value: Sendable>(
        hub hubFolder: String = hubFolder, policies: String = "\(project)/Policies", faults: [Fault] = [],
        anonymousPulls: Bool = true, _ body: @escaping @Sendable (House) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let hub = try await blocking { try SampleHub(folder: hubFolder, faults: faults) }
        return try await hub.whileRunning { upstream in
            let registry = try await Registry.open(
                RegistryConfiguration(
                    storage: "\(folder)/storage", policies: policies, upstream: upstream, upstreamToken: nil,
                    executable: executable, anonymousPulls: anonymousPulls, contact: "#models",
                    hub: HubOptions(redirectHosts: ["localhost"])))
            return try await whileServing(registry, logger: Logger(label: "test")) { url in
                try await body(House(registry: registry, url: url, hub: hub, folder: folder))
            }
        }
    }

    func mirror(_ repository: String, at revision: String = "main") async throws -> Mirror.Answer {
        try await Mirror(repository: RepositoryID(repository), revision: Revision(revision))
            .perform(in: registry) { _ in }
    }

    /// The CLI, as a process, on this house's storage.
    func lapidary(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Run {
        try await Program.run(
            Self.executable, arguments,
            environment: [
                "LAPIDARY_STORAGE": "\(folder)/storage", "LAPIDARY_POLICIES": "\(Self.project)/Policies",
                "LAPIDARY_UPSTREAM": registry.configuration.upstream, "LAPIDARY_REDIRECT_HOSTS": "localhost",
            ].merging(environment) { $1 })
    }

    /// `hf` of a version of huggingface_hub, with a cache of its own.
    func hf(
        _ arguments: String..., version: String = "2.4.0", cache: String = "hf", token: String? = nil
    ) async throws -> Program.Run {
        var environment = [
            "HF_ENDPOINT": url, "HF_HOME": "\(folder)/\(cache)", "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        ]
        environment["HF_TOKEN"] = token
        return try await Program.run(
            "\(Self.project)/.venv/hub-\(version)/bin/hf", arguments, environment: environment)
    }

    func curl(_ arguments: String...) async throws -> Program.Run {
        try await Program.run("/usr/bin/curl", ["--silent", "--show-error", "--max-time", "60"] + arguments)
    }
}

/// A program of this machine, run to its end.
enum Program {
    struct Run: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Run {
        try await blocking {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: path)
            process.arguments = arguments
            process.environment = environment.merging(["PATH": "/usr/bin:/bin", "HOME": "/tmp", "LC_ALL": "C.UTF-8"]) {
                given, _ in given
            }
            let streams = FileManager.default.temporaryDirectory.path + "/run-\(UUID().uuidString)"
            defer { for end in [".out", ".err"] { try? FileManager.default.removeItem(atPath: streams + end) } }
            for end in [".out", ".err"] { try Data().write(to: URL(fileURLWithPath: streams + end)) }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle(forWritingAtPath: streams + ".out")
            process.standardError = FileHandle(forWritingAtPath: streams + ".err")
            try process.run()
            process.waitUntilExit()
            func text(_ end: String) throws -> String {
                try String(decoding: Data(contentsOf: URL(fileURLWithPath: streams + end)), as: UTF8.self)
            }
            return Run(status: process.terminationStatus, output: try text(".out"), errors: try text(".err"))
        }
    }
}

/// Waits until something becomes true that another part of the system does in its own time.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("did not happen in 20 s: \(what)")
}
