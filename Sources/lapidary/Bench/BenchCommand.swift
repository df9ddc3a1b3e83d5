import ArgumentParser
import Foundation
import Logging
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryPolicy
import RegistryServer
import RegistryStorage

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure Lapidary beside the software it is compared with.",
        subcommands: [
            BenchServe.self, BenchIngest.self, BenchSmokeTest.self, BenchFaults.self, BenchTokenizer.self,
            BenchChaos.self,
        ])
}

struct BenchServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve one large file to curl, in turns with nginx where that is installed.",
        discussion: """
            Everything that a real answer does is on: consumer, canServe, counting. CPU is the server process's own, \
            user and system; the rate is curl's, to /dev/null, over loopback. Prints medians.
            """)

    @Option(help: "Size of the file in MiB.")
    var size: Int64 = 1024

    @Option(help: "Counted runs, after one that warms up.")
    var runs: Int = 5

    @Option(help: "Policies to open the registry with.")
    var policies: String = "Policies"

    func validate() throws {
        guard (1...65_536).contains(size), (1...100).contains(runs) else {
            throw ValidationError("--size takes 1 to 65536 MiB, --runs 1 to 100.")
        }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-bench-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var settings = try RegistryOptions.parse(["--storage", folder, "--policies", policies]).resolve().registry
        settings.upstream = "http://127.0.0.1:9"
        let registry = try await Registry.open(settings)
        Terminal.say("writing a file of \(size) MiB")
        let blob = try await BenchModel(bytes: size << 20).add(to: registry)
        let nginx = try await Nginx.start(serving: registry.blobs.path(of: blob), in: folder)
        defer { nginx?.stop() }
        if nginx == nil {
            Terminal.say("nginx is not installed, so there is nothing beside ours (apt-get install nginx-light)")
        }

        try await whileServing(registry, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }) { url in
            let ours = Contender(name: "lapidary", url: "\(url)/\(BenchModel.path)", cpuSeconds: Self.ownCPUSeconds)
            let contenders = [ours] + (nginx.map { [$0.contender] } ?? [])
            var table = Table(head: ["SERVER", "CONNECTIONS", "GB/s", "CPU-s/GB"])
            for connections in [1, 4] {
                var samples: [String: [Sample]] = [:]
                for turn in 0...runs {
                    for contender in contenders {
                        let sample = try await contender.measure(connections: connections, bytes: size << 20)
                        if turn > 0 { samples[contender.name, default: []].append(sample) }
                    }
                }
                for contender in contenders {
                    let rates = (samples[contender.name] ?? []).map(\.rate).sorted()
                    let costs = (samples[contender.name] ?? []).map(\.cost).sorted()
                    table.rows.append([
                        contender.name, "\(connections)", Quantity.fixed(rates[rates.count / 2], 2),
                        Quantity.fixed(costs[costs.count / 2], 3),
                    ])
                }
            }
            for line in table.lines { print(line) }
        }
    }

    /// User and system time of this process, without its children.
    @Sendable static func ownCPUSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// One reading: GB/s, and CPU-seconds per GB (powers of 1,000).
struct Sample {
    let rate: Double
    let cost: Double
}

/// A server under measurement.
struct Contender: Sendable {
    let name: String
    let url: String
    let cpuSeconds: @Sendable () -> Double

    /// Fetches the file over some connections at once.
    func measure(connections: Int, bytes: Int64) async throws -> Sample {
        let before = cpuSeconds()
        let start = ContinuousClock.now
        try await blocking {
            let clients = try (0..<connections).map { _ in
                let curl = Process()
                curl.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
                curl.arguments = ["--silent", "--fail", "--output", "/dev/null", url]
                try curl.run()
                return curl
            }
            for client in clients {
                client.waitUntilExit()
                guard client.terminationStatus == 0 else {
                    throw Failure(message: "curl \(url) ended with \(client.terminationStatus)", exitCode: 1)
                }
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let gigabytes = Double(bytes) * Double(connections) / 1e9
        return Sample(rate: gigabytes / seconds, cost: (cpuSeconds() - before) / gigabytes)
    }
}

/// A model that is one large file of noise, admitted without a test: for this storage folder only, which is thrown away.
private struct BenchModel {
    static let path = "bench/model/resolve/main/model.safetensors"
    let bytes: Int64

    func add(to registry: Registry) async throws -> SHA256Digest {
        let entry = try await blocking {
            var piece = [UInt8](repeating: 0, count: 1 << 20)
            for index in piece.indices { piece[index] = UInt8.random(in: 0...255) }
            let git = ContentDigests.gitObject(of: Array("bench".utf8))
            let file = try registry.blobs.ingest(
                "bench", of: "bench/model", size: bytes, sha256: nil, gitObject: git)
            try piece.withUnsafeBytes { piece in
                for index in 0..<(bytes >> 20) { try file.write(piece, at: index << 20) }
            }
            let digest = try file.verify(expecting: nil, gitObject: nil)
            try registry.blobs.publish([file])
            return FileEntry(
                path: try RepositoryPath("model.safetensors"), size: bytes, gitObject: git, isLFS: true, digest: digest)
        }
        let manifest = Manifest([entry])
        let snapshot = try await registry.catalog.record(
            RepositoryID("bench/model"), commit: CommitID(String(repeating: "b", count: 40)), upstream: "bench",
            card: ModelCard(), leftOut: [], manifest: manifest,
            evidence: Evidence.Kind.allCases.map {
                Evidence(kind: $0, outcome: .passed, manifest: manifest.digest, producer: "bench", summary: "bench")
            })
        let decision = Decision(findings: [], policy: registry.policy.digest, manifest: manifest.digest)
        try await registry.catalog.decide(decision, on: snapshot, promoting: ["main"])
        return entry.digest
    }
}
