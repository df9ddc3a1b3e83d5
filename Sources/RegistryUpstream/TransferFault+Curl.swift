import CCurl

extension TransferFault {
    /// What libcurl gave a transfer up for, in words that say whose fault it is and what to set.
    init(_ code: CURLcode, on handle: UnsafeMutableRawPointer, through proxy: HubOptions.Proxy?) {
        let words = String(cString: curl_easy_strerror(code)).lowercased()
        var connect = 0
        curl_get_long(handle, CURLINFO_HTTP_CONNECTCODE, &connect)
        // tinyproxy answers 401 to wrong ones.
        if let proxy, [401, 407].contains(connect) {
            reason = HubOptions.Proxy.wantsCredentials(proxy)
            mayPass = false
            return
        }
        if let proxy, connect >= 300 {
            reason = "\(proxy), does not let us through: it answered \(connect)"
            mayPass = connect >= 500
            return
        }
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            reason = "\(words) (a network that looks into TLS has certificates of its own: --ca-bundle names them)"
            // A certificate that is not trusted now will not be trusted in four seconds.
            mayPass = false
            isUntrusted = true
        case CURLE_PROXY:
            var problem = 0
            curl_get_long(handle, CURLINFO_PROXY_ERROR, &problem)
            let isLogin = Self.logins.contains { Int($0.rawValue) == problem }
            reason =
                isLogin
                ? HubOptions.Proxy.wantsCredentials(proxy)
                : "\(proxy.map { "\($0)," } ?? "the proxy") does not connect (\(words), code \(problem))"
            mayPass = !isLogin
        case CURLE_COULDNT_RESOLVE_PROXY:
            reason = "\(words): \(proxy.map { "\($0)" } ?? "the proxy")"
            mayPass = false
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_CERTPROBLEM:
            reason = words
            mayPass = false
        case CURLE_COULDNT_RESOLVE_HOST where proxy == nil:
            reason = "\(words) (where names are a proxy's to resolve: --proxy names it)"
            mayPass = true
        default:
            reason = proxy.map { "\(words), through \($0)" } ?? words
            mayPass = true
        }
    }

    /// What a SOCKS proxy says to somebody whom it does not know.
    private static let logins = [CURLPX_USER_REJECTED, CURLPX_NO_AUTH, CURLPX_IDENTD_DIFFER]
}
