import HTTPTypes

/// Text that is safe inside a header's value: visible ASCII and spaces; everything else becomes `?`.
///
/// Works on UTF-8, because one Swift Character can be CR LF. The full text goes into the body, as JSON.
package struct HeaderText {
    package let text: String

    /// - Parameter limit: bytes kept; clients and proxies cut or refuse long headers.
    package init(_ text: String, limit: Int = 1000) {
        self.text = String(
            decoding: text.utf8.prefix(limit).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self
        )
    }

    /// `attachment`, so that a browser never renders what a repository holds; the `filename="…";` that
    /// huggingface_hub looks for; and the exact name, percent-encoded (RFC 8187).
    package static func disposition(fileName: String) -> String {
        let plain = fileName.utf8.map { byte in
            (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                ? byte : UInt8(ascii: "_")
        }
        let exact = PercentCoding.encode(fileName, keeping: [])
        return "attachment; filename*=UTF-8''\(exact); filename=\"\(String(decoding: plain, as: UTF8.self))\";"
    }
}

extension HTTPFields {
    /// Sets a header by name; a name that HTTP does not allow is a mistake in this source, and leaves the header out.
    mutating func set(_ name: String, _ value: String) {
        if let name = HTTPField.Name(name) { self[name] = value }
    }

    func value(_ name: String) -> String? { HTTPField.Name(name).flatMap { self[$0] } }
}
