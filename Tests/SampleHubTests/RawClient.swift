import Foundation
import Glibc

/// One HTTP/1.1 exchange on a bare socket: what it sends is exactly what was written here, and what it shows is exactly
/// what came back; no redirect is followed and nothing is decoded.
struct RawAnswer: Sendable {
    let status: Int
    /// Names in lower case.
    let fields: [String: String]
    let body: [UInt8]

    subscript(name: String) -> String? { fields[name] }
    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:]
    }

    func list() throws -> [[String: Any]] {
        try JSONSerialization.jsonObject(with: Data(body)) as? [[String: Any]] ?? []
    }
}

struct RawClient: Sendable {
    let port: UInt16
    var host = "127.0.0.1"

    init(_ endpoint: String) { port = endpoint.split(separator: ":").last.flatMap { UInt16($0) } ?? 0 }

    func get(_ target: String, _ headers: [String] = []) async throws -> RawAnswer {
        try await send("GET", target, headers)
    }

    func head(_ target: String, _ headers: [String] = []) async throws -> RawAnswer {
        try await send("HEAD", target, headers)
    }

    func send(_ method: String, _ target: String, _ headers: [String] = []) async throws -> RawAnswer {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: \(host):\(port)", "Connection: close"] + headers
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        return try await withCheckedThrowingContinuation { answer in
            Thread { answer.resume(with: Result { try exchange(request) }) }.start()
        }
    }

    private func exchange(_ request: [UInt8]) throws -> RawAnswer {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0, Glibc.send(socket, request, request.count, 0) == request.count else {
            throw POSIXError(.ECONNREFUSED)
        }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &chunk, chunk.count, 0)
            if count <= 0 { break }
            received += chunk[..<count]
        }
        return RawAnswer(received)
    }
}

extension RawAnswer {
    init(_ bytes: [UInt8]) {
        let end = bytes.indices.first { bytes[$0...].starts(with: "\r\n\r\n".utf8) } ?? bytes.endIndex
        let lines = String(decoding: bytes[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        self.fields = fields
        body = Array(bytes[end...].dropFirst(4))
    }
}
