import RegistryCore

/// How a client behaves towards its upstream, beside whom it asks.
package struct HubOptions: Sendable {
    /// Requests for bytes of files that run at once, over all files; at least 1.
    package var connections = 8
    package var bandwidth = BandwidthSchedule.unlimited
    /// Bytes that one request of a large file asks for. A request costs a round trip; what is under way when a file
    /// ends is what its hash has still to follow: 8 times 16 MiB take 0.1 s.
    package var piece: Int64 = 16 << 20
    /// Hosts, beside upstream's own, that it may redirect to: `cdn.example.com`, `*.example.com`, `*` for any. A host that is listed
    /// without `*` may also have a private address. Empty for what belongs to huggingface.co, where that is upstream.
    package var redirectHosts: [String] = []
    /// `http://proxy.corp:3128`, `socks5h://…`; nil for what `https_proxy` and its like say, as libcurl reads them.
    package var proxy: String?
    /// Hosts that are reached without the proxy, separated by commas.
    package var noProxy: String?
    /// A file of certificates in place of the system's.
    package var caBundle: String?
    /// A file of credentials for upstream, in place of none. libcurl does not look there for a proxy's.
    package var netrc: String?

    package init(
        connections: Int = 8, bandwidth: BandwidthSchedule = .unlimited, piece: Int64 = 16 << 20,
        redirectHosts: [String] = []
    ) {
        self.connections = connections
        self.bandwidth = bandwidth
        self.piece = piece
        self.redirectHosts = redirectHosts
    }

    private static let huggingFace = ["huggingface.co", "*.huggingface.co", "hf.co", "*.hf.co"]

    /// Whether upstream may send us there.
    func mayRedirect(from home: String, to host: String) -> Bool {
        guard host != home else { return true }
        let listed =
            redirectHosts.isEmpty && ["huggingface.co", "hf.co"].contains(home) ? Self.huggingFace : redirectHosts
        return listed.contains { pattern in
            let pattern = pattern.lowercased()
            if pattern == "*" { return true }
            guard pattern.hasPrefix("*.") else { return pattern == host }
            return host.hasSuffix(pattern.dropFirst()) && host.utf8.count > pattern.utf8.count - 1
        }
    }

    /// Whether that host may be on this machine or in its network.
    func mayBePrivate(_ host: String, home: String) -> Bool {
        host == home || redirectHosts.contains { $0.lowercased() == host }
    }
}
