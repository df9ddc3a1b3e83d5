import Foundation
import Glibc
import RegistryCore
import Synchronization

/// A hub of one repository with one file that answers what its script says, down to the bytes on the wire: what no HTTP
/// library would send. Its storage is on another host name of this machine, as the sample hub's.
package final class HostileHub: Sendable {
    /// Changes what a healthy hub would say to a request. Called on the thread of its connection.
    package typealias Script = @Sendable (HostileRequest, inout HostileReply) -> Void

    private struct State {
        var script: Script
        var open: Set<Int32> = []
        var isStopped = false
        var received: [UInt8] = []
        var requests: [HostileRequest] = []
        var asked: [String: Int] = [:]
        var sent: Int64 = 0
    }

    package let repository: String
    package let file: HostileFile
    package let port: Int
    private let listener: Int32
    private let state: Mutex<State>

    /// Listens at once; say ``stop()`` in the end.
    /// - Parameter address: of this machine, to listen on.
    package init(
        _ file: HostileFile, repository: String = "hostile/model", address text: String = "127.0.0.1",
        script: @escaping Script = { _, _ in }
    ) throws {
        self.file = file
        self.repository = repository
        state = Mutex(State(script: script))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr(text)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 128) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isListening else {
            close(listener)
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        let thread = Thread { self.takeConnections() }
        thread.name = "hostile hub"
        thread.start()
    }

    package var endpoint: String { "http://127.0.0.1:\(port)" }
    package var requests: [HostileRequest] { state.withLock(\.requests) }
    /// All that came in over all connections.
    package var received: [UInt8] { state.withLock(\.received) }
    /// Bytes of the file that went out.
    package var sent: Int64 { state.withLock(\.sent) }

    /// Another script from now on.
    package func play(_ script: @escaping Script = { _, _ in }) { state.withLock { $0.script = script } }

    /// Ends all connections, and its threads with them.
    package func stop() {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in state.open { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    private func takeConnections() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            if connection < 0, errno == EINTR || errno == ECONNABORTED { continue }
            let isWanted = state.withLock { state in
                guard connection >= 0, !state.isStopped else { return false }
                state.open.insert(connection)
                return true
            }
            guard isWanted else {
                if connection >= 0 { close(connection) }
                break
            }
            let thread = Thread { self.serve(connection) }
            thread.name = "hostile hub"
            thread.start()
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32) {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var connection = HostileConnection(descriptor, file)
        while let head = connection.readHead() {
            let (request, script) = note(head)
            var reply = answer(request)
            script(request, &reply)
            let before = connection.sent
            let outcome = Result { try connection.send(reply) }
            if request.stage == .bytes {
                let count = connection.sent - before
                state.withLock { $0.sent += count }
            }
            guard case .success = outcome else { break }
        }
        // Not before it is off the list: the number may be another's a moment later.
        state.withLock { _ = $0.open.remove(descriptor) }
        close(descriptor)
    }

    private func note(_ head: [UInt8]) -> (HostileRequest, Script) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let target = lines.first?.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let sides = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if sides.count == 2 { fields[sides[0].lowercased()] = sides[1] }
        }
        let stage = HostileRequest.stage(of: target)
        return state.withLock { state in
            let key = "\(stage) \(fields["range"] ?? "")"
            let request = HostileRequest(
                stage: stage, target: target, fields: fields,
                range: HostileRequest.range(fields["range"], of: file.size),
                earlier: state.requests.count { $0.stage == stage }, repeats: state.asked[key] ?? 0)
            state.asked[key, default: 0] += 1
            state.requests.append(request)
            state.received += head
            return (request, state.script)
        }
    }
}

/// Runs `body` beside a hub, and stops it.
package func withHostileHub<Value>(
    _ file: HostileFile, script: @escaping HostileHub.Script = { _, _ in }, _ body: (HostileHub) async throws -> Value
) async throws -> Value {
    let hub = try HostileHub(file, script: script)
    defer { hub.stop() }
    return try await body(hub)
}
