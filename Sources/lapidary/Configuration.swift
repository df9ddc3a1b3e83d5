import ArgumentParser
import Foundation
import RegistryCore
import RegistryOperations
import RegistryPolicy

/// Where things are and who upstream is: options first, then the environment, then a YAML file, then what is built in.
/// The only place that reads the environment.
struct RegistryOptions: ParsableArguments {
    @Option(help: "Folder of blobs and catalogue [LAPIDARY_STORAGE; default Storage].")
    var storage: String?

    @Option(help: "Policy file, or folder with default.yaml [LAPIDARY_POLICIES; default Policies].")
    var policies: String?

    @Option(help: "Hub to mirror from, its token in HF_TOKEN [LAPIDARY_UPSTREAM; default https://huggingface.co].")
    var upstream: String?

    @OptionGroup var hub: UpstreamOptions

    @Option(help: "Where a refused person may ask, e.g. '#models on chat' [LAPIDARY_CONTACT; default none].")
    var contact: String?

    @Option(help: "YAML file with these settings, keys spelled as the options [LAPIDARY_CONFIG; default none].")
    var config: String?

    func resolve() throws -> Settings { try Settings(self) }
}

struct ListenOptions: ParsableArguments {
    @Option(help: "host:port to listen on [LAPIDARY_LISTEN; default 127.0.0.1:8642].")
    var listen: String?

    @Option(
        help: "Whether clients without a token may pull: true or false [LAPIDARY_ANONYMOUS_PULLS; default true].")
    var anonymousPulls: Bool?
}

/// The settings as they stand after all four sources.
struct Settings {
    let registry: RegistryConfiguration
    let host: String
    let port: Int

    init(
        _ options: RegistryOptions, _ listen: ListenOptions? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let file = try (options.config ?? variable("LAPIDARY_CONFIG")).map(SettingsFile.init(path:))
        let anonymous =
            try listen?.anonymousPulls
            ?? variable("LAPIDARY_ANONYMOUS_PULLS").map { text in
                guard let value = Bool(text) else {
                    throw Failure(
                        message: "LAPIDARY_ANONYMOUS_PULLS must be true or false, got '\(text.printable)'", exitCode: 2)
                }
                return value
            }
        registry = RegistryConfiguration(
            storage: try Self.absolute(
                options.storage ?? variable("LAPIDARY_STORAGE") ?? file?.storage ?? "Storage", "storage"),
            policies: try Self.absolute(
                options.policies ?? variable("LAPIDARY_POLICIES") ?? file?.policies ?? "Policies", "policies"),
            upstream: options.upstream ?? variable("LAPIDARY_UPSTREAM") ?? file?.upstream ?? "https://huggingface.co",
            upstreamToken: try options.hub.token(environment: environment, file: file),
            executable: "/proc/self/exe".resolvedLink,
            anonymousPulls: anonymous ?? file?.anonymousPulls ?? true,
            contact: options.contact ?? variable("LAPIDARY_CONTACT") ?? file?.contact ?? "",
            hub: try options.hub.resolve(environment: environment, file: file))
        let address = listen?.listen ?? variable("LAPIDARY_LISTEN") ?? file?.listen ?? "127.0.0.1:8642"
        (host, port) = try Self.hostAndPort(address)
    }

    static func hostAndPort(_ text: String) throws -> (String, Int) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let last = parts.last, let port = Int(last), (0...65535).contains(port), parts.count >= 2 else {
            throw Failure(
                message: "'\(text.printable)' is no address to listen on: expected host:port, e.g. 0.0.0.0:8642",
                exitCode: 2)
        }
        let host = parts.dropLast().joined(separator: ":").trimmingPrefix("[")
        return (host.hasSuffix("]") ? String(host.dropLast()) : String(host), port)
    }

    private static func absolute(_ path: String, _ what: String) throws -> String {
        guard !path.utf8.contains(0), !path.isEmpty else {
            throw Failure(message: "the \(what) path is empty or holds a NUL", exitCode: 2)
        }
        return URL(fileURLWithPath: path).standardizedFileURL.path
    }
}

extension String {
    fileprivate var resolvedLink: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: self)) ?? self
    }
}
