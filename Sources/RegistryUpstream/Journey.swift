import CCurl

/// How an answer came: times since the request began, in seconds, and whom the connection led to.
package struct Journey: Sendable {
    /// Names resolved, connection made, TLS done; zero each on a connection that stood already.
    package let lookup: Double
    package let connect: Double
    package let tls: Double
    package let firstByte: Double
    package let total: Double
    /// `192.0.2.1:443`: upstream's, or the proxy's.
    package let peer: String

    init(_ handle: UnsafeMutableRawPointer) {
        func seconds(_ what: CURLINFO) -> Double {
            var value = 0.0
            curl_get_double(handle, what, &value)
            return value
        }
        lookup = seconds(CURLINFO_NAMELOOKUP_TIME)
        connect = seconds(CURLINFO_CONNECT_TIME)
        tls = seconds(CURLINFO_APPCONNECT_TIME)
        firstByte = seconds(CURLINFO_STARTTRANSFER_TIME)
        total = seconds(CURLINFO_TOTAL_TIME)
        var address: UnsafePointer<CChar>?
        var port = 0
        curl_get_text(handle, CURLINFO_PRIMARY_IP, &address)
        curl_get_long(handle, CURLINFO_PRIMARY_PORT, &port)
        let host = address.map { String(cString: $0) } ?? ""
        peer = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
