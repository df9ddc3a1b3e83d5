import Foundation

/// `Authorization: Basic`, as git and curl -u send it (RFC 7617).
enum BasicCredentials {
    static func password(_ encoded: String) -> String? {
        guard let bytes = Foundation.Data(base64Encoded: encoded) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self), text.contains(":") else { return nil }
        return String(text.drop { $0 != ":" }.dropFirst())
    }
}
