import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
package import RegistryCore
import ServiceLifecycle

/// A small upstream that speaks the Hub protocol as huggingface.co does, over a folder of repositories.
///
/// The folder holds `{namespace}/{name}/…` and, if wanted, `hub.json` (see ``RepositorySettings``). Files in LFS, by
/// each repository's `.gitattributes`, are served from a second host name, `localhost` beside `127.0.0.1`: the hub is
/// for clients on the same machine. Ids of blobs, trees and commits are those of git.
package struct SampleHub: Sendable {
    /// What has been asked of it.
    package let log = RequestLog()
    /// By name.
    package let repositories: [RepositoryID]

    private let host: String
    private let port: Int
    private let responder: HubResponder
    private let shelf: SampleShelf

    /// Reads and hashes the whole folder; blocks meanwhile.
    ///
    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - signatureLifetime: seconds that an address of storage is good for.
    ///   - pageSize: entries of a tree or list in one answer.
    ///   - scheme: `https` where something in front of it speaks TLS.
    ///   - quota: requests of a kind in five minutes.
    /// - Throws: ``SampleHubError``, or `InvalidName` for a folder that is no repository's name.
    package init(
        folder: String, listen host: String = "127.0.0.1", port: Int = 0, accounts: [Account] = [],
        faults: [Fault] = [], signatureLifetime: Double = 3600, pageSize: Int = 1000,
        scheme: String = "http", quota: Int = 100_000
    ) throws {
        self.host = host
        self.port = port
        let shelf = try SampleShelf(folder)
        self.shelf = shelf
        repositories = shelf.repositories.values.map(\.id).sorted()
        responder = HubResponder(
            shelf: shelf,
            accounts: accounts, faults: FaultPlan(faults), addresses: SignedAddresses(lifetime: signatureLifetime),
            rate: RateWindow(quota: quota), pageSize: max(pageSize, 1), scheme: scheme, log: log)
    }

    /// Reads the folder again: from now on the hub has what lies there now. Blocking.
    package func reload() throws { try shelf.reload() }

    /// Serves until a graceful shutdown reaches its task.
    ///
    /// - Parameter listening: told the bound port, once.
    package func run(listening: @escaping @Sendable (Int) async -> Void) async throws {
        try await application(listening).run()
    }

    /// Serves for as long as `body` runs.
    ///
    /// - Parameter body: gets the hub's endpoint, `http://127.0.0.1:<port>`.
    package func whileRunning<Value: Sendable>(
        _ body: @escaping @Sendable (_ endpoint: String) async throws -> Value
    ) async throws -> Value {
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        var configuration = ServiceGroupConfiguration(
            services: [application { bound.yield($0) }], logger: Self.logger)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        let services = ServiceGroup(configuration: configuration)

        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { bound.finish() }
                try await services.run()
            }
            for await port in ports {
                let outcome: Result<Value, any Error>
                do {
                    outcome = .success(try await body("http://\(host):\(port)"))
                } catch {
                    outcome = .failure(error)
                }
                // Not by cancelling: NIO 2.101 traps where a cancelled server has just accepted a connection.
                await services.triggerGracefulShutdown()
                try await group.waitForAll()
                return try outcome.get()
            }
            try await group.waitForAll()
            throw SampleHubError(description: "the sample hub stopped before it listened")
        }
    }

    private static let logger = {
        var logger = Logger(label: "sample-hub")
        logger.logLevel = .error
        return logger
    }()

    private func application(_ listening: @escaping @Sendable (Int) async -> Void) -> some ApplicationProtocol {
        Application(
            responder: responder,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { channel in await listening(channel.localAddress?.port ?? 0) },
            logger: Self.logger)
    }
}

extension SampleHub: Service {
    package func run() async throws { try await run { _ in } }
}
