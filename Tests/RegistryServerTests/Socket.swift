import Foundation
import Glibc
import RegistryCore

/// A bare TCP connection to 127.0.0.1: sends exactly what it is given, reads exactly what comes. Calls block.
final class Socket: @unchecked Sendable {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    struct Refused: Error {}
    struct Closed: Error {}

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Refused() }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Closed()
        }
    }

    /// At least one byte more, or nothing where the peer has closed.
    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 262_144)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }

    /// Exactly so many bytes, or as many as came before the peer closed.
    func read(_ count: Int) -> [UInt8] {
        while buffer.count < count, fill() {}
        let bytes = Array(buffer.prefix(count))
        buffer.removeFirst(bytes.count)
        return bytes
    }

    func readToEnd() -> [UInt8] {
        while fill() {}
        defer { buffer = [] }
        return buffer
    }

    func readLine() -> String? {
        while !buffer.contains(UInt8(ascii: "\n")), fill() {}
        guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeSubrange(...end)
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }

    /// Reads one answer's head.
    func readHead() throws -> Answer {
        guard let first = readLine() else { throw Closed() }
        var answer = Answer(status: Int(first.split(separator: " ").dropFirst().first ?? "") ?? 0)
        while let line = readLine(), !line.isEmpty {
            let sides = line.split(separator: ":", maxSplits: 1).map(String.init)
            let name = sides[0].lowercased()
            answer.headers[name] = sides.count == 2 ? sides[1].trimmingCharacters(in: .whitespaces) : ""
        }
        return answer
    }
}

/// An HTTP answer as it came over the wire.
struct Answer: Sendable {
    var status: Int
    /// By lower-case name.
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }

    func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Foundation.Data(body))
    }
}
