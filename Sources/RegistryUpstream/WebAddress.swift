import CCurl
import RegistryCore

/// An http or https URL as libcurl's own parser reads it: what is compared here is what libcurl will connect to.
struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    /// The whole URL, without fragment.
    let text: String
    /// `scheme://host:port`, host in lower case, port always spelled: equal exactly where a token may be shown.
    let origin: String
    let scheme: String
    let host: String

    init(_ text: String) throws(InvalidAddress) { self = try Self.parse(text, relativeTo: nil) }

    /// The target of a redirect or link that this address answered; a relative one is resolved against it.
    func resolving(_ location: String) throws(InvalidAddress) -> WebAddress {
        try Self.parse(location, relativeTo: self)
    }

    /// The text without query, for messages: a signed URL's query is as good as a token.
    var description: String { text.split(separator: "?", maxSplits: 1).first.map { String($0).printable } ?? "" }

    struct InvalidAddress: Error { let reason: String }

    private init(text: String, scheme: String, host: String, port: String) {
        self.text = text
        self.scheme = scheme
        self.host = host
        origin = "\(scheme)://\(host):\(port)"
    }

    private static func parse(_ text: String, relativeTo base: WebAddress?) throws(InvalidAddress) -> WebAddress {
        guard text.utf8.count <= 8192, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw InvalidAddress(reason: "it is longer than 8,192 bytes or holds a blank or control character")
        }
        guard let handle = curl_url() else { throw InvalidAddress(reason: "memory is out") }
        defer { curl_url_cleanup(handle) }
        // Users in URLs are refused: `https://huggingface.co@elsewhere/` reads like one host and is another.
        let flags = UInt32(CURLU_DISALLOW_USER)
        for part in [base?.text, text].compactMap(\.self) {
            let code = curl_url_set(handle, CURLUPART_URL, part, flags)
            guard code == CURLUE_OK else { throw InvalidAddress(reason: String(cString: curl_url_strerror(code))) }
        }
        curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)
        func part(_ what: CURLUPart, _ flags: Int32 = 0) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, what, &value, UInt32(flags)) == CURLUE_OK, let value else { return nil }
            defer { curl_free(value) }
            return String(cString: value)
        }
        guard let scheme = part(CURLUPART_SCHEME), ["http", "https"].contains(scheme) else {
            throw InvalidAddress(reason: "only http and https are spoken")
        }
        guard let whole = part(CURLUPART_URL), let host = part(CURLUPART_HOST),
            let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT)
        else { throw InvalidAddress(reason: "it names no host") }
        return WebAddress(text: whole, scheme: scheme, host: host.lowercased(), port: port)
    }
}

extension String {
    /// Percent-encoded but for letters, digits and `-._~`, and `/` where asked (hub-protocol section 1: revisions lose
    /// their slashes, file paths keep them).
    func percentEncoded(keepingSlashes: Bool = false) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            case UInt8(ascii: "/") where keepingSlashes:
                encoded.append(byte)
            default:
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
