import Foundation
import Glibc
import RegistryCore
import Testing

/// A server of this machine's packages (a proxy, a TLS end) for as long as a test needs it. What it says is kept in a
/// file, and it ends with this object.
final class RunningProgram: Sendable {
    struct DidNotStart: Error, CustomStringConvertible {
        let description: String
    }

    let port: Int
    private let pid: pid_t
    private let said: String

    /// Returns when it takes connections.
    init(_ path: String, _ arguments: (_ port: Int) -> [String]) async throws {
        port = try LocalPort.free()
        said = FileManager.default.temporaryDirectory.path + "/program-\(UUID().uuidString).log"
        try Data().write(to: URL(filePath: said))
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments(port)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: said)
        process.standardError = process.standardOutput
        try process.run()
        pid = process.processIdentifier
        let deadline = ContinuousClock.now + .seconds(10)
        while !LocalPort.answers(port) {
            guard process.isRunning, .now < deadline else { throw DidNotStart(description: "\(path): \(log)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    deinit {
        kill(pid, SIGTERM)
        unlink(said)
    }

    /// What it said so far.
    var log: String { (try? String(contentsOfFile: said, encoding: .utf8)) ?? "" }
}

enum LocalPort {
    /// One that nobody has at the moment.
    static func free() throws -> Int {
        let descriptor = try listen().descriptor
        defer { close(descriptor) }
        return number(descriptor)
    }

    /// A socket that takes connections of this machine.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(0)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
        guard descriptor >= 0, isBound, Glibc.listen(descriptor, 64) == 0 else {
            throw RunningProgram.DidNotStart(description: "no port: \(String(cString: strerror(errno)))")
        }
        return (descriptor, number(descriptor))
    }

    /// Nil where nobody answers.
    static func connect(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port)
        let isOpen = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard !isOpen else { return descriptor }
        close(descriptor)
        return nil
    }

    static func answers(_ port: Int) -> Bool {
        guard let descriptor = connect(port) else { return false }
        close(descriptor)
        return true
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }

    private static func number(_ descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// Real proxies, and a real end of TLS.
enum Network {
    /// tinyproxy: CONNECT, and plain HTTP.
    static func tinyproxy(login: String? = nil) async throws -> RunningProgram {
        let file = FileManager.default.temporaryDirectory.path + "/tinyproxy-\(UUID().uuidString).conf"
        defer { unlink(file) }
        return try await RunningProgram("/usr/bin/tinyproxy") { port in
            let lines =
                ["Port \(port)", "Listen 127.0.0.1", "Timeout 60", "LogLevel Connect", "MaxClients 100"]
                + (login.map { ["BasicAuth \($0)"] } ?? [])
            try? Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
            return ["-d", "-c", file]
        }
    }

    /// microsocks: SOCKS5.
    static func socks(user: String? = nil, password: String = "") async throws -> RunningProgram {
        try await RunningProgram("/usr/bin/microsocks") { port in
            ["-i", "127.0.0.1", "-p", "\(port)"] + (user.map { ["-u", $0, "-P", password] } ?? [])
        }
    }

    /// A file that is there while `body` runs.
    static func withFile<Value>(
        _ text: String, mode: Int = 0o600, _ body: (String) async throws -> Value
    ) async throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/file-\(UUID().uuidString)"
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        defer { unlink(path) }
        return try await body(path)
    }
}

/// A private authority, and an end of TLS (socat) with a certificate of its for this machine.
final class TLSFront: Sendable {
    let folder: String
    private let program: RunningProgram

    /// - Parameter port: where plain HTTP is spoken.
    init(to port: Int) async throws {
        folder = FileManager.default.temporaryDirectory.path + "/tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await Self.issue(folder)
        program = try await RunningProgram("/usr/bin/socat") { [folder] mine in
            [
                "OPENSSL-LISTEN:\(mine),bind=127.0.0.1,reuseaddr,fork,verify=0,cert=\(folder)/server.pem,"
                    + "key=\(folder)/server.key",
                "TCP:127.0.0.1:\(port)",
            ]
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var endpoint: String { "https://127.0.0.1:\(program.port)" }
    var port: Int { program.port }
    var authority: String { "\(folder)/authority.pem" }

    private static func issue(_ folder: String) async throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        let authority = [
            "req", "-x509", "-subj", "/O=Corporation/CN=Corporate Test Authority", "-keyout", "\(folder)/authority.key",
            "-out", "\(folder)/authority.pem",
        ]
        let server = [
            "req", "-x509", "-subj", "/CN=hub.test", "-CA", "\(folder)/authority.pem", "-CAkey",
            "\(folder)/authority.key", "-keyout", "\(folder)/server.key", "-out", "\(folder)/server.pem", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
        ]
        for arguments in [authority + key, server + key] {
            let run = try await Program.run("/usr/bin/openssl", arguments)
            #expect(run.status == 0, "\(run.errors)")
        }
    }
}
