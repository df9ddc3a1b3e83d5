import CCurl

extension TransferFault {
    /// What libcurl gave a transfer up for, in words that say whose fault it is and what to set.
    ///
    /// - Parameters:
    ///   - hasHead: whether the answer's header had come.
    init(
        _ code: CURLcode, on handle: UnsafeMutableRawPointer, through proxy: HubOptions.Proxy?, hasHead: Bool,
        _ request: TransferRequest
    ) {
        let words = String(cString: curl_easy_strerror(code)).lowercased()
        var connect = 0
        curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE, &connect)
        // tinyproxy answers 401 to wrong ones.
        if let proxy, [401, 407].contains(connect) {
            self.init(.noAnswer, HubOptions.Proxy.wantsCredentials(proxy), mayPass: false)
            return
        }
        if let proxy, connect >= 300 {
            self.init(.noAnswer, "\(proxy), does not let us through: it answered \(connect)", mayPass: connect >= 500)
            return
        }
        switch code {
        case CURLE_PARTIAL_FILE: self.init(.endedEarly, words)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
            self.init(.noHTTP, words, mayPass: false)
        case CURLE_OPERATION_TIMEDOUT:
            let way = proxy.map { ", through \($0)" } ?? ""
            self.init(.noAnswer, "no connection within \(request.deadlines.connect.roundedSeconds) s\(way)")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            let hint = "a network that looks into TLS has certificates of its own: --ca-bundle names them"
            // A certificate that is not trusted now will not be trusted in four seconds.
            self.init(.noAnswer, "\(words) (\(hint))", mayPass: false)
            isUntrusted = true
        case CURLE_PROXY:
            var problem = 0
            curl_get_long(handle, CURLINFO_PROXY_ERROR, &problem)
            if Self.logins.contains(where: { Int($0.rawValue) == problem }) {
                self.init(.noAnswer, HubOptions.Proxy.wantsCredentials(proxy), mayPass: false)
            } else {
                let name = proxy.map { "\($0)," } ?? "the proxy"
                self.init(.noAnswer, "\(name) does not connect (\(words), code \(problem))")
            }
        case CURLE_COULDNT_RESOLVE_PROXY:
            self.init(.noAnswer, "\(words): \(proxy.map { "\($0)" } ?? "the proxy")", mayPass: false)
        case CURLE_URL_MALFORMAT, CURLE_SSL_CERTPROBLEM: self.init(.noAnswer, words, mayPass: false)
        case CURLE_COULDNT_RESOLVE_HOST where proxy == nil:
            self.init(.noAnswer, "\(words) (where names are a proxy's to resolve: --proxy names it)")
        default: self.init(hasHead ? .brokenOff : .noAnswer, proxy.map { "\(words), through \($0)" } ?? words)
        }
    }

    /// What a SOCKS proxy says to somebody whom it does not know.
    private static let logins = [CURLPX_USER_REJECTED, CURLPX_NO_AUTH, CURLPX_IDENTD_DIFFER]
}
