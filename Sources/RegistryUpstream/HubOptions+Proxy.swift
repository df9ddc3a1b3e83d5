import CCurl
import Glibc
import RegistryCore

extension HubOptions {
    /// A proxy that connections go through, and who names it.
    package struct Proxy: Sendable, CustomStringConvertible {
        /// As libcurl reads it, credentials included: not for messages.
        let text: String
        /// `--proxy`, or a variable of the environment.
        package let source: String

        /// Without credentials.
        package var shown: String { text.withoutCredentials.printable }
        package var description: String { "the proxy \(shown), which \(source) names" }

        package static func wantsCredentials(_ proxy: Proxy?) -> String {
            "\(proxy.map { "\($0)," } ?? "the proxy") wants credentials: give them in LAPIDARY_PROXY, "
                + "http://user:password@host:port"
        }
    }

    /// The proxy on the way to an address; nil for none. `NO_PROXY` counts, as libcurl reads it for names.
    package func proxy(to scheme: String, _ host: String) -> Proxy? {
        guard let proxy = proxy(named: scheme), !proxy.text.isEmpty, !isDirect(host) else { return nil }
        return proxy
    }

    func proxy(for address: WebAddress) -> Proxy? { proxy(to: address.scheme, address.host) }

    /// The proxy that the settings name for a scheme, before anybody asks to do without.
    package func proxy(named scheme: String) -> Proxy? {
        if let proxy { return Proxy(text: proxy, source: "--proxy") }
        // Upper-case HTTP_PROXY is a header of a request to a CGI program, so libcurl does not believe it.
        let own = scheme == "https" ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]
        for name in own + ["all_proxy", "ALL_PROXY"] {
            if let text = Self.variable(name) { return Proxy(text: text, source: name) }
        }
        return nil
    }

    /// Which hosts are reached without a proxy, and who names them.
    package var exceptions: (text: String, source: String)? {
        if let noProxy { return (noProxy, "--no-proxy") }
        for name in ["no_proxy", "NO_PROXY"] {
            if let text = Self.variable(name) { return (text, name) }
        }
        return nil
    }

    private func isDirect(_ host: String) -> Bool {
        guard let listed = exceptions?.text.lowercased() else { return false }
        if listed == "*" { return true }
        let host = host.trimmingSuffix(".")
        return listed.split { $0 == "," || $0 == " " || $0 == "\t" }.contains { entry in
            let name = (entry.hasPrefix(".") ? String(entry.dropFirst()) : String(entry)).trimmingSuffix(".")
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Throws words on what is wrong with the proxy's spelling: libcurl would find out at the first connection, and
    /// then print it, password included.
    func requireProxy() throws(InvalidProxy) {
        guard let proxy, !proxy.isEmpty else { return }
        let expected = "expected e.g. http://proxy.corp:3128 or socks5h://proxy.corp:1080"
        guard let address = ProxyAddress(proxy) else {
            throw InvalidProxy(reason: "--proxy is no address: \(expected)")
        }
        guard ["http", "https", "socks4", "socks4a", "socks5", "socks5h"].contains(address.scheme) else {
            throw InvalidProxy(reason: "--proxy speaks '\(address.scheme.printable)', which no proxy does: \(expected)")
        }
    }

    struct InvalidProxy: Error { let reason: String }

    /// What every connection of ours has.
    func apply(to handle: UnsafeMutableRawPointer) {
        // libcurl's own reading of the environment where nothing is said here.
        if let proxy { curl_set_text(handle, CURLOPT_PROXY, proxy) }
        if let noProxy { curl_set_text(handle, CURLOPT_NOPROXY, noProxy) }
        if let caBundle {
            curl_set_text(handle, CURLOPT_CAINFO, caBundle)
            // Else the distribution's folder would count as well.
            curl_set_text(handle, CURLOPT_CAPATH, nil)
        }
    }
}

/// A proxy's address, by libcurl's own parser.
private struct ProxyAddress {
    let scheme: String

    init?(_ text: String) {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME)
        guard curl_url_set(handle, CURLUPART_URL, text.contains("://") ? text : "http://\(text)", flags) == CURLUE_OK
        else { return nil }
        func part(_ what: CURLUPart) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, what, &value, 0) == CURLUE_OK, let value else { return nil }
            defer { curl_free(value) }
            return String(cString: value)
        }
        guard let scheme = part(CURLUPART_SCHEME), part(CURLUPART_HOST) != nil else { return nil }
        self.scheme = scheme.lowercased()
    }
}

extension String {
    /// A URL without what stands between its scheme and the host: `http://***@proxy:3128`.
    package var withoutCredentials: String {
        let start = range(of: "://").map(\.upperBound) ?? startIndex
        let end = self[start...].firstIndex { "/?#".contains($0) } ?? endIndex
        guard let at = self[start..<end].lastIndex(of: "@") else {
            // A password with a slash in it would hide behind the first of them.
            guard let stray = self[start...].lastIndex(of: "@") else { return self }
            return self[..<start] + "***" + self[stray...]
        }
        return self[..<start] + "***" + self[at...]
    }

    fileprivate func range(of text: String) -> Range<Index>? { ranges(of: text).first }

    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
