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

    @Option(help: "File of certificates to trust in place of the system's [LAPIDARY_CA_BUNDLE].")
    var caBundle: String?

    @Option(help: "File of names and passwords, where upstream wants them [LAPIDARY_NETRC; default none].")
    var netrc: String?

    @Option(help: "File that holds upstream's token, where HF_TOKEN is not set [LAPIDARY_TOKEN_FILE; default none].")
    var tokenFile: String?

    @Option(
        help: "Hosts that upstream may redirect to, by commas [LAPIDARY_REDIRECT_HOSTS; default huggingface.co's].")
    var redirectHosts: String?

    func resolve(_ lookup: SettingLookup) throws -> HubOptions {
        var hub = HubOptions()
        if let text = lookup.text("connections", connections.map(String.init), default: "\(hub.connections)") {
            guard let number = Int(text), (1...256).contains(number) else {
                throw Failure(message: "connections takes 1 to 256, got '\(text.printable)'", exitCode: 2)
            }
            hub.connections = number
        }
        if let text = lookup.text("limit-rate", limitRate, default: "none") {
            do { hub.bandwidth = try BandwidthSchedule(text) } catch {
                throw Failure(message: "limit-rate: \(error)", exitCode: 2)
            }
        }
        hub.proxy = lookup.text("proxy", proxy) { $0.withoutCredentials }
        hub.noProxy = lookup.text("no-proxy", noProxy)
        hub.caBundle = lookup.text("ca-bundle", caBundle)
        hub.netrc = lookup.text("netrc", netrc)
        hub.redirectHosts = (lookup.text("redirect-hosts", redirectHosts) ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        return hub
    }

    /// HF_TOKEN, else what the token file holds.
    func token(_ lookup: SettingLookup) throws -> Secret? {
        let path = lookup.text("token-file", tokenFile)
        if let token = lookup.secret("HF_TOKEN") { return token }
        guard let path else { return nil }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count <= 4096 else {
            throw Failure(message: "token file \(path.printable) cannot be read", exitCode: 2)
        }
        let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty else {
            throw Failure(message: "token file \(path.printable) is empty", exitCode: 2)
        }
        return Secret(token)
    }
}
