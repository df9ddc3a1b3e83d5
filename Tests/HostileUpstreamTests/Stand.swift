import Foundation
import Glibc
import HostileHub
import RegistryCore
import RegistryOperations
import RegistryStorage
import RegistryUpstream
import Testing

/// A registry whose upstream is whatever a test sets before it.
struct Stand: Sendable {
    let registry: Registry

    static let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static func open<Value: Sendable>(_ body: (Stand) async throws -> Value) async throws -> Value {
        let folder = "\(scratch)/lapidary-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let configuration = RegistryConfiguration(
            storage: folder, policies: "\(project)/Policies", upstream: "http://127.0.0.1:9", upstreamToken: nil,
            executable: #filePath, anonymousPulls: true, contact: "")
        return try await body(Stand(registry: try await Registry.open(configuration)))
    }

    /// Memory, where there is enough: what is tested here is the wire. The disk has tests of its own.
    static let scratch: String = {
        var status = statvfs()
        guard statvfs("/dev/shm", &status) == 0, Int64(status.f_bavail) * Int64(status.f_frsize) > 2 << 30,
            access("/dev/shm", W_OK) == 0
        else { return FileManager.default.temporaryDirectory.path }
        return "/dev/shm"
    }()

    /// Revision, tree, file, verification, publication.
    /// - Returns: what it ended with; nil where it came to its end.
    func fetch(
        _ hub: HostileHub, attempts: AttemptPolicy = .quick, options: HubOptions, token: Secret? = nil
    ) async -> (any Error)? {
        await failure {
            let client = try HubClient(endpoint: hub.endpoint, token: token, attempts: attempts, options: options)
            defer { client.close() }
            _ = try await registry.fetchAll(of: RepositoryID(hub.repository), from: client)
        }
    }

    /// Names in `ingest/`.
    var left: [String] { registry.blobs.ingestItems().map(\.path) }

    /// Whether the store holds these bytes and nothing else, hashed by itself.
    func holdsOnly(_ file: HostileFile) -> Bool {
        let blobs = registry.blobs.allBlobs()
        return blobs.map(\.digest) == [file.sha256]
            && ContentDigests.ofFile(registry.blobs.layout.blob(file.sha256))?.sha256 == file.sha256
    }

    func clear(_ file: HostileFile) throws {
        try registry.blobs.remove(file.sha256)
        for item in registry.blobs.quarantineItems() { registry.blobs.remove(item) }
    }
}

extension AttemptPolicy {
    /// Three attempts without noticeable pauses; nothing in it is so slow as to meet a deadline.
    static let quick = AttemptPolicy(
        attempts: 3, firstDelay: .milliseconds(1), longestDelay: .milliseconds(5), longestWait: .seconds(5))
    /// Deadlines that a silent upstream meets at once.
    static let hasty = AttemptPolicy(
        attempts: 3, firstDelay: .milliseconds(1), longestDelay: .milliseconds(5), longestWait: .seconds(5),
        deadlines: Deadlines(
            connect: .seconds(5), firstByte: .milliseconds(300), slowest: 1000, slowFor: .milliseconds(300)))
    /// An answer may take half a second and a nanosecond for each of its bytes.
    static let bounded = AttemptPolicy(
        attempts: 2, firstDelay: .milliseconds(1), longestDelay: .milliseconds(5), longestWait: .seconds(5),
        deadlines: Deadlines(
            connect: .seconds(5), firstByte: .seconds(5), slowest: 10, slowFor: .seconds(5), base: .milliseconds(500),
            rate: 1 << 30))
}

/// The error that `body` ends with.
func failure<Value>(of body: () async throws -> Value) async -> (any Error)? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// `truncated` of `.truncated(…)`.
func name(_ error: any Error) -> String {
    Swift.Mirror(reflecting: error).children.first?.label ?? "\(type(of: error))"
}
