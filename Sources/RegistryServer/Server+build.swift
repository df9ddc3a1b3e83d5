import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
package import RegistryOperations

/// Composition, on one screen: `lapidary serve` and the tests build the same server.
/// - Parameters:
///   - host: address or name to listen on.
///   - port: 0 for any that is free.
///   - onListening: called once, with the URL at which this machine reaches the server.
package func buildServer(
    registry: Registry, host: String, port: Int, logger: Logger,
    onListening: @escaping @Sendable (_ url: String) async -> Void = { _ in }
) throws -> LapidaryServer {
    let connections = HTTP1Channel.Configuration(
        idleTimeout: .seconds(60),
        httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10, maxHeaderFieldCount: 100))
    let application = Application(
        responder: Responder(registry: registry, pages: try Pages()),
        server: HTTPServerBuilder { responder in
            BlobChannel(http: HTTP1Channel(responder: responder, configuration: connections))
        },
        configuration: ApplicationConfiguration(
            address: .hostname(host, port: port), serverName: "lapidary",
            availableConnectionsDelegate: .maximum(1000, logger: logger)),
        onServerRunning: { channel in
            let url = ListeningURL.of(host: host, port: channel.localAddress?.port ?? port)
            do { try registry.announce(server: url) } catch {
                logger.error("the command line will not find this server: \(error)")
            }
            await onListening(url)
        },
        logger: logger)
    return LapidaryServer(registry: registry, host: host, port: port, application: application)
}
