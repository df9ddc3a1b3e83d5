import Glibc
import Hummingbird
import NIOCore
import RegistryOperations
import ServiceLifecycle

/// The HTTP server and the registry's background work, as one service.
///
/// On a graceful shutdown running answers may finish; then the last transfers are written, and ``run()`` returns.
package struct LapidaryServer: Service {
    let registry: Registry
    let host: String
    let port: Int
    let application: Application<Responder>

    /// - Throws: ``ServerError`` where the address cannot be listened on.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await registry.run() }
            do { try await application.run() } catch let error as IOError {
                throw ServerError.cannotListen(host: host, port: port, errno: error.errnoCode)
            } catch is SocketAddressError {
                throw ServerError.unknownHost(host)
            }
            group.cancelAll()
        }
    }
}

/// What keeps a server from starting.
package enum ServerError: Error, CustomStringConvertible {
    case cannotListen(host: String, port: Int, errno: Int32)
    case unknownHost(String)
    case stoppedEarly

    package var description: String {
        switch self {
        case .cannotListen(let host, let port, EADDRINUSE):
            "port \(port) of \(host) is taken by another process: stop it, or choose another with --listen"
        case .cannotListen(let host, let port, EACCES):
            "port \(port) of \(host) needs more rights than this process has: choose one above 1023 with --listen"
        case .cannotListen(let host, let port, EADDRNOTAVAIL):
            "\(host) is not an address of this machine, so port \(port) cannot be opened: choose another with --listen"
        case .cannotListen(let host, let port, let code):
            "port \(port) of \(host) cannot be listened on (errno \(code)): choose another with --listen"
        case .stoppedEarly: "the server stopped before it listened"
        case .unknownHost(let host):
            "host '\(host)' is not known: choose an address of this machine with --listen"
        }
    }
}

/// Where this machine reaches a server that listens on an address.
enum ListeningURL {
    static func of(host: String, port: Int) -> String {
        switch host {
        case "0.0.0.0", "": "http://127.0.0.1:\(port)"
        case "::": "http://[::1]:\(port)"
        default: host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
        }
    }
}
