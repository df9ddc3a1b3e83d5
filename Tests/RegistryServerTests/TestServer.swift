import Foundation
import Logging
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryPolicy
import RegistryServer
import RegistryStorage
import ServiceLifecycle
import Testing

/// A real server over a real registry in a temporary folder, on a port of its own. Models are put into store and
/// catalogue directly: how they get there is another target's subject.
struct TestServer: Sendable {
    let registry: Registry
    let port: UInt16

    /// Opens a server, lets `body` use it, and shuts it down gracefully; then `afterwards` looks at what is recorded.
    static func run(
        anonymousPulls: Bool = true, _ body: @escaping @Sendable (TestServer) async throws -> Void,
        afterwards: @escaping @Sendable (Registry) async throws -> Void = { _ in }
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-server-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try policy.write(toFile: "\(folder)/policy.yaml", atomically: true, encoding: .utf8)
        let registry = try await Registry.open(
            RegistryConfiguration(
                storage: "\(folder)/storage", policies: "\(folder)/policy.yaml", upstream: "http://127.0.0.1:1",
                upstreamToken: nil, executable: "/proc/self/exe", anonymousPulls: anonymousPulls, contact: "#models"))

        let (urls, announce) = AsyncStream<String>.makeStream()
        let server = try buildServer(
            registry: registry, host: "127.0.0.1", port: 0, logger: Logger(label: "test")
        ) {
            announce.yield($0)
            announce.finish()
        }
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: Logger(label: "test")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            for await url in urls {
                let port = try #require(url.split(separator: ":").last.flatMap { UInt16($0) })
                try await body(TestServer(registry: registry, port: port))
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        try await afterwards(registry)
    }

    private static let policy = """
        name: test
        formats: { allow: [safetensors, json, text, sentencepiece], others: leave-out }
        licences: { allow: ["*"] }
        authors: { allow: ["*"] }
        maximum-size: 1 GB
        smoke-test:
          required: false
          unsupported: note
          depth: quick
          time-limit: 10
          memory-allowance: 1 GiB
          sandbox: 1
          classes: []
          probes: []
          bounds: { \(SmokeTestBounds(maximumMeanNLL: 7).byKey.map { "\($0.key): \($0.value)" }.joined(separator: ", ")) }
        retention: { keep: all, quarantine-days: 30, trash-days: 7, scrub-days: never }
        quotas: { total: none, namespaces: [] }
        follow: { every-hours: never, repositories: [], bases: [], authors: [] }
        approvals: 0

        """

    /// Puts a model in, served under `main`, or with findings that keep it from that.
    @discardableResult
    func add(
        _ repository: String, _ files: [String: [UInt8]], card: ModelCard = ModelCard(), findings: [Finding] = [],
        evidence: @Sendable (_ manifest: SHA256Digest) -> [Evidence] = { _ in [] }
    ) async throws -> SnapshotRecord {
        let blobs = registry.blobs
        let entries = try await blocking {
            try files.map { path, bytes in
                let id = ContentDigests.gitObject(of: bytes)
                let file = try blobs.ingest(
                    path, of: repository, size: Int64(bytes.count), sha256: nil, gitObject: id)
                try bytes.withUnsafeBytes { try file.write($0, at: 0) }
                let digest = try file.verify(expecting: nil, gitObject: id)
                try blobs.publish([file])
                return FileEntry(
                    path: try RepositoryPath(path), size: Int64(bytes.count), gitObject: id,
                    isLFS: path.hasSuffix(".safetensors"), digest: digest)
            }
        }
        let id = try RepositoryID(repository)
        let manifest = Manifest(entries)
        let commit = try CommitID(ContentDigests.gitObject(of: Array("\(repository) \(manifest.text)".utf8)).hex)
        func proof(_ kind: Evidence.Kind) -> Evidence {
            Evidence(kind: kind, outcome: .passed, manifest: manifest.digest, producer: "test", summary: "in order")
        }
        let record = try await registry.catalog.record(
            id, commit: commit, upstream: "http://hub.test", card: card,
            leftOut: [LeftOutFile(path: "pytorch_model.bin", format: "pickle")], manifest: manifest,
            evidence: [proof(.verification), proof(.inspection)] + evidence(manifest.digest))
        let decision = Decision(findings: findings, policy: registry.policy.digest, manifest: manifest.digest)
        try await registry.catalog.decide(decision, on: record, promoting: ["main"])
        return try #require(try await registry.catalog.snapshot(id, Revision(commit.hex)))
    }

    /// One request on a connection of its own.
    func send(
        _ method: String, _ target: String, _ headers: [String] = [], body: String = ""
    ) async throws -> Answer {
        let port = port
        return try await blocking {
            let socket = try Socket(port: port)
            let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
            let lines =
                ["\(method) \(target) HTTP/1.1", "Host: models.test:8642", "Connection: close"] + headers + length
            try socket.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
            var answer = try socket.readHead()
            answer.body = socket.readToEnd()
            return answer
        }
    }

    func get(_ target: String, _ headers: [String] = []) async throws -> Answer {
        try await send("GET", target, headers)
    }

    /// Bytes that look like nothing in particular, the same for the same count.
    static func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }
}
