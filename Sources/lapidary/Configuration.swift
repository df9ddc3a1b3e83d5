import ArgumentParser
import Foundation
import RegistryCore
import RegistryOperations
import RegistryUpstream

/// Where things are and who upstream is: options first, then the environment, then a YAML file, then what is built in.
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
        let lookup = try SettingLookup(environment: environment, file: options.config)
        func path(_ name: String, _ option: String?, _ value: String) throws -> String {
            try Self.absolute(lookup.text(name, option, default: value) ?? value, name)
        }
        let storage = try path("storage", options.storage, "Storage")
        let policies = try path("policies", options.policies, "Policies")
        let huggingFace = "https://huggingface.co"
        let upstream = lookup.text("upstream", options.upstream, default: huggingFace) { $0.withoutCredentials }
        let token = try options.hub.token(lookup)
        let hub = try options.hub.resolve(lookup)
        let address = lookup.text("listen", listen?.listen, default: "127.0.0.1:8642") ?? ""
        let anonymous = try lookup.flag("anonymous-pulls", listen?.anonymousPulls, default: true)
        let contact = lookup.text("contact", options.contact) ?? ""
        registry = RegistryConfiguration(
            storage: storage, policies: policies, upstream: upstream ?? huggingFace, upstreamToken: token,
            executable: "/proc/self/exe".resolvedLink, anonymousPulls: anonymous, contact: contact, hub: hub,
            settings: lookup.found(for: hub, isToken: token != nil), secretFiles: lookup.secretFiles)
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
