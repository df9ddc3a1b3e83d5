import CCurl
package import Foundation
import RegistryCore

/// A certificate that a server shows, whether it is trusted or not: who a network's TLS really ends at.
package struct ServerCertificate: Sendable, Equatable {
    /// As OpenSSL writes names: `CN = huggingface.co`.
    package let subject: String
    package let issuer: String
    package let expires: Date?

    /// The chain that a server shows, its own certificate first. Only shakes hands: no request is sent, and to nobody
    /// but a proxy any credentials. Blocking.
    ///
    /// - Returns: nothing where the handshake fails, or there is none.
    static func chain(of address: WebAddress, _ options: HubOptions) -> [ServerCertificate] {
        guard address.scheme == "https", let handle = curl_easy_init() else { return [] }
        defer { curl_easy_cleanup(handle) }
        curl_set_text(handle, CURLOPT_URL, address.text)
        curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "https")
        curl_set_long(handle, CURLOPT_CONNECT_ONLY, 1)
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        curl_set_long(handle, CURLOPT_CONNECTTIMEOUT, 10)
        curl_set_long(handle, CURLOPT_TIMEOUT, 15)
        options.apply(to: handle)
        // What is looked at here is what verification would refuse.
        curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 0)
        curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 0)
        curl_set_long(handle, CURLOPT_CERTINFO, 1)
        guard curl_easy_perform(handle) == CURLE_OK else { return [] }
        var answer: UnsafeMutablePointer<curl_certinfo>?
        guard curl_get_certificates(handle, &answer) == CURLE_OK, let answer, let lists = answer.pointee.certinfo else {
            return []
        }
        return (0..<Int(answer.pointee.num_of_certs)).map { ServerCertificate(lines(of: lists[$0])) }
    }

    private init(_ lines: [String]) {
        func value(_ name: String) -> String? {
            lines.first { $0.hasPrefix("\(name):") }.map { String($0.dropFirst(name.utf8.count + 1)).printable }
        }
        subject = value("Subject") ?? "unknown"
        issuer = value("Issuer") ?? "unknown"
        // `Nov 28 02:52:13 2027 GMT`
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "MMM d HH:mm:ss yyyy 'GMT'"
        expires = value("Expire date").flatMap { text in
            format.date(from: text.split(separator: " ").joined(separator: " "))
        }
    }

    private static func lines(of list: UnsafeMutablePointer<curl_slist>?) -> [String] {
        var lines: [String] = []
        var next = list
        while let item = next {
            if let data = item.pointee.data { lines.append(String(cString: data)) }
            next = item.pointee.next
        }
        return lines
    }
}

extension HubClient {
    /// The chain of certificates that upstream, or whoever answers in its place, shows us.
    package func certificates() async throws -> [ServerCertificate] {
        try await blocking { [home, options] in ServerCertificate.chain(of: home, options) }
    }

    /// The proxy on the way to upstream.
    package var proxy: HubOptions.Proxy? { options.proxy(for: home) }
    /// What an answer means that asks for a name and a password.
    package var passwordWanted: UpstreamError { .passwordWanted(endpoint: endpoint, proxy: proxy.map { "\($0)" }) }
    package var isEncrypted: Bool { home.scheme == "https" }
    /// Whether upstream is this machine itself.
    package var isLocal: Bool { ["localhost", "127.0.0.1", "[::1]"].contains(home.host) }
}
