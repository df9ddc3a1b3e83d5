import Foundation
import Synchronization

/// Keeps a JSON answer of the configured origin in memory, up to a limit.
final class MemoryReceiver: TransferReceiver {
    private let limit: Int
    private let home: WebAddress
    private let bytes = Mutex<[UInt8]>([])

    init(limit: Int, home: WebAddress) {
        self.limit = limit
        self.home = home
    }

    func inspect(_ head: ResponseHead, from address: WebAddress) throws {
        // Bytes of files may come from anywhere, because their hashes prove them; what they should be may not.
        guard address.origin == home.origin else {
            throw UpstreamError.protocolViolation("answer", expected: "one from \(home.origin)", got: "\(address)")
        }
        try head.requireIdentityCoding(from: address)
    }

    func receive(_ more: UnsafeRawBufferPointer) throws {
        try bytes.withLock { bytes in
            guard more.count <= limit - bytes.count else {
                throw UpstreamError.protocolViolation("answer", expected: "at most \(limit) bytes", got: "more")
            }
            bytes += more
        }
    }

    /// The answer as a value. Unknown keys are passed over, missing ones are up to the type.
    func decode<Value: Decodable>(_ type: Value.Type, of what: String) throws(UpstreamError) -> Value {
        let body = bytes.withLock { $0 }
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw .protocolViolation(
                what, expected: "JSON as the Hub sends it",
                got: "'\(String(decoding: body.prefix(64), as: UTF8.self))'")
        }
    }
}

extension ResponseHead {
    /// We ask for `identity`; compressed bytes would have another length and another hash (reliability C9).
    func requireIdentityCoding(from address: WebAddress) throws(UpstreamError) {
        guard (200..<300).contains(status) else { return }
        for (name, words, right) in [
            ("content-encoding", "Content-Encoding", "identity"), ("transfer-encoding", "Transfer-Encoding", "chunked"),
        ] {
            for field in fields where field.name == name && ![right, "identity"].contains(field.value.lowercased()) {
                throw .protocolViolation("\(words) from \(address)", expected: right, got: field.value)
            }
        }
    }
}
