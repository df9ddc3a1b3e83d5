package import Logging
package import RegistryOperations
import ServiceLifecycle

/// Serves a registry for as long as `body` runs; for tests and measurements.
///
/// - Parameter body: gets the server's URL.
package func whileServing<Value: Sendable>(
    _ registry: Registry, host: String = "127.0.0.1", port: Int = 0, logger: Logger,
    _ body: @escaping @Sendable (_ url: String) async throws -> Value
) async throws -> Value {
    let (urls, listening) = AsyncStream.makeStream(of: String.self)
    let server = try buildServer(registry: registry, host: host, port: port, logger: logger) { listening.yield($0) }
    let services = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { listening.finish() }
            try await services.run()
        }
        for await url in urls {
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await body(url)) } catch { outcome = .failure(error) }
            // Not by cancelling: NIO 2.101 traps where a cancelled server has just accepted a connection.
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return try outcome.get()
        }
        try await group.waitForAll()
        throw ServerError.stoppedEarly
    }
}
