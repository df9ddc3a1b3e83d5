import ArgumentParser
import Foundation
import RegistryCore
import RegistryOperations
import RegistryUpstream

/// How upstream is reached, and how much is asked of it: each from its option, else the environment, else the file.
struct UpstreamOptions: ParsableArguments {
    @Option(help: "Requests for files at once, over all of them [LAPIDARY_CONNECTIONS; default 8].")
    var connections: Int?

    @Option(
        help: "Bytes a second: 20MB, or '20MB; 08:00-18:00 5MB' by local time [LAPIDARY_LIMIT_RATE; default none].")
    var limitRate: String?

    @Option(help: "http, https, socks4, socks5 or socks5h proxy [LAPIDARY_PROXY; default https_proxy].")
    var proxy: String?

    @Option(help: "Hosts that are reached without it, by commas [LAPIDARY_NO_PROXY; default no_proxy].")
    var noProxy: String?

    @Option(help: "File of certificates to trust [LAPIDARY_CA_BUNDLE; default the system's].")
    var caBundle: String?

    @Option(help: "File of credentials for upstream and proxy [LAPIDARY_NETRC; default none].")
    var netrc: String?

    @Option(help: "File that holds upstream's token, where HF_TOKEN is not set [LAPIDARY_TOKEN_FILE; default none].")
    var tokenFile: String?

    @Option(
        help: "Hosts that upstream may redirect to, by commas [LAPIDARY_REDIRECT_HOSTS; default huggingface.co's].")
    var redirectHosts: String?

    func resolve(environment: [String: String], file: SettingsFile?) throws -> HubOptions {
        func setting(_ option: String?, _ key: String) -> String? {
            option ?? variable(key, environment) ?? file?[key]
        }
        var hub = HubOptions()
        if let text = setting(connections.map(String.init), "connections") {
            guard let number = Int(text), (1...256).contains(number) else {
                throw Failure(message: "connections takes 1 to 256, got '\(text.printable)'", exitCode: 2)
            }
            hub.connections = number
        }
        if let text = setting(limitRate, "limit-rate") {
            do { hub.bandwidth = try BandwidthSchedule(text) } catch {
                throw Failure(message: "limit-rate: \(error)", exitCode: 2)
            }
        }
        hub.proxy = setting(proxy, "proxy")
        hub.noProxy = setting(noProxy, "no-proxy")
        hub.caBundle = setting(caBundle, "ca-bundle")
        hub.netrc = setting(netrc, "netrc")
        hub.redirectHosts = (setting(redirectHosts, "redirect-hosts") ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        return hub
    }

    /// HF_TOKEN, else what the token file holds.
    func token(environment: [String: String], file: SettingsFile?) throws -> Secret? {
        if let token = environment["HF_TOKEN"], !token.isEmpty { return Secret(token) }
        guard let path = tokenFile ?? variable("token-file", environment) ?? file?["token-file"] else { return nil }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= 4096 else {
            throw Failure(message: "token file \(path.printable) cannot be read", exitCode: 2)
        }
        let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty else {
            throw Failure(message: "token file \(path.printable) is empty", exitCode: 2)
        }
        return Secret(token)
    }

    /// `limit-rate` is LAPIDARY_LIMIT_RATE.
    private func variable(_ key: String, _ environment: [String: String]) -> String? {
        let name = "LAPIDARY_" + key.uppercased().replacingOccurrences(of: "-", with: "_")
        return environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
