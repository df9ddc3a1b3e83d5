import Foundation
import Glibc
import Synchronization

/// A small scripted proxy between raw sockets: it notes what it is asked, and changes what passes. One request a
/// connection, a thread each.
///
/// As a proxy it takes absolute addresses and CONNECT; spoken to as a server it passes on to `home`.
final class Relay: Sendable {
    /// What becomes of an answer's header lines, the status line first.
    typealias Edit = @Sendable (_ head: [String], _ request: String) -> [String]

    let port: Int
    private let listener: Int32
    private let home: Int
    private let edit: Edit
    private let body: @Sendable ([UInt8]) -> [UInt8]
    private let login: String?
    private let asked = Mutex<[String]>([])

    /// - Parameters:
    ///   - home: the port that requests without a host of their own go to.
    ///   - body: what becomes of an answer's whole body, its length included.
    ///   - login: `name:password` in base 64, which whoever asks 127.0.0.1 for anything must show.
    init(
        home: Int = 1, login: String? = nil, edit: @escaping Edit = { head, _ in head },
        body: @escaping @Sendable ([UInt8]) -> [UInt8] = { $0 }
    ) throws {
        (listener, port) = try LocalPort.listen()
        self.home = home
        self.edit = edit
        self.body = body
        self.login = login
        let thread = Thread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let relay = self else {
                    if client >= 0 { close(client) }
                    return
                }
                Thread { relay.serve(client) }.start()
            }
        }
        thread.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Headers of all requests so far, as they came.
    var requests: [String] { asked.withLock { $0 } }

    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let head = Self.readHead(client)?.head else { return }
        asked.withLock { $0.append(head) }
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count == 3 else { return }
        if words[0] == "CONNECT" { return tunnel(client, words[1]) }

        var target = home
        if let url = URL(string: words[1]), let port = url.port, let start = words[1].range(of: ":\(port)") {
            target = port
            lines[0] = "\(words[0]) \(words[1][start.upperBound...]) \(words[2])"
        }
        if let login, head.lowercased().contains("host: 127.0.0.1"), !head.contains("Authorization: Basic \(login)") {
            return Self.write(
                client,
                Array(
                    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"mirror\"\r\nContent-Length: 0\r\n\r\n"
                        .utf8
                ))
        }
        // The hub knows tokens, not names and passwords; and one answer is all that is wanted of a connection.
        lines.removeAll { line in
            ["connection:", "proxy-connection:", "proxy-authorization:"].contains { line.lowercased().hasPrefix($0) }
                || login != nil && line.hasPrefix("Authorization: Basic")
        }
        guard let upstream = LocalPort.connect(target) else { return }
        defer { close(upstream) }
        Self.write(upstream, Array((lines + ["Connection: close", "", ""]).joined(separator: "\r\n").utf8))
        guard let (answer, rest) = Self.readHead(upstream) else { return }
        let whole = body(rest + Self.readAll(upstream))
        var fields = answer.split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
        if fields.contains(where: { $0.lowercased().hasPrefix("content-length:") }) {
            fields.removeAll { $0.lowercased().hasPrefix("content-length:") }
            fields.append("Content-Length: \(whole.count)")
        }
        fields = edit(fields, lines[0])
        Self.write(client, Array((fields + ["", ""]).joined(separator: "\r\n").utf8) + whole)
    }

    private func tunnel(_ client: Int32, _ target: String) {
        guard let port = target.split(separator: ":").last.flatMap({ Int($0) }), let far = LocalPort.connect(port)
        else {
            return Self.write(client, Array("HTTP/1.1 502 Bad Gateway\r\n\r\n".utf8))
        }
        Self.write(client, Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
        let isDone = DispatchSemaphore(value: 0)
        Thread {
            Self.pass(far, client)
            isDone.signal()
        }.start()
        Self.pass(client, far)
        isDone.wait()
        close(far)
    }

    private static func pass(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(from, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            write(to, Array(buffer[..<count]))
        }
        shutdown(to, Int32(SHUT_WR))
    }

    /// A header with its empty line, and what came behind it.
    private static func readHead(_ socket: Int32) -> (head: String, rest: [UInt8])? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        let end = Array("\r\n\r\n".utf8)
        while bytes.count < 1 << 20 {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            if let place = bytes.firstRange(of: end) {
                return (String(decoding: bytes[..<place.upperBound], as: UTF8.self), Array(bytes[place.upperBound...]))
            }
        }
        return nil
    }

    private static func readAll(_ socket: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    private static func write(_ socket: Int32, _ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            done += count
        }
    }
}
