import ArgumentParser
import Foundation
import RegistryCore
import RegistryOperations

struct BenchIngest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract:
            "Fetch, verify and publish from loopback, in turns with curl, aria2c and hf where they are installed.",
        discussion: """
            nginx serves a repository of random bytes over the Hub's protocol. Ours is a whole process: it asks for the \
            tree, fetches in pieces, hashes, syncs and publishes; curl and aria2c only write, hf writes and counts. \
            Beside them the work's parts by ready programs: curl fetches while openssl hashes the source, then the file is \
            synced. And the floor: the same bytes written and synced, and hashed once by libcrypto. Medians; CPU is the \
            process's own, memory what no file backs. Aim: 1.15 times the slower of disk and hash.
            """)

    @Option(help: "Size of the one file in MiB.")
    var size: Int64 = 1024

    @Option(help: "So many small files of 1 to 64 KiB instead of the one.")
    var files: Int = 0

    @Option(help: "Counted runs, after one that warms up.")
    var runs: Int = 3

    @Option(help: "Where to write; its disk is what is measured.", completion: .directory)
    var folder: String = FileManager.default.temporaryDirectory.path

    @Option(help: .hidden)
    var only: String?

    func validate() throws {
        guard (1...65_536).contains(size), (1...100).contains(runs), (0...100_000).contains(files) else {
            throw ValidationError("--size takes 1 to 65536 MiB, --runs 1 to 100, --files 0 to 100000")
        }
    }

    func run() async throws {
        if let only { return try await Self.ingest(from: only, into: folder) }
        let place = folder + "/lapidary-bench-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        Terminal.say("making \(files > 0 ? "\(files) files" : "a file of \(size) MiB")")
        let (size, files) = (size, files)
        let source = try await blocking { try IngestSource(in: place, size: size << 20, files: files) }
        let server = try await source.serve()
        defer { server.stop() }

        let contenders = try IngestContender.all(source, server.url, in: place)
        var costs: [String: [ProcessCost]] = [:]
        for turn in 0...runs {
            for contender in contenders {
                Terminal.say("run \(turn) of \(runs): \(contender.name)")
                let cost = try await blocking { try contender.run() }
                if turn > 0 { costs[contender.name, default: []].append(cost) }
            }
        }
        for line in Self.table(contenders.map(\.name), costs, source.bytes, isMany: files > 0).lines { print(line) }
        let spent = (costs[IngestContender.together] ?? []).compactMap(\.machineSeconds).sorted()
        if !spent.isEmpty {
            let (median, cores) = (spent[spent.count / 2], ProcessInfo.processInfo.activeProcessorCount)
            print(
                "\(IngestContender.together): \(Quantity.fixed(median, 2)) CPU-s of the whole machine, nginx and the kernel "
                    + "included; \(cores) cores that are never idle need \(Quantity.fixed(median / Double(cores), 2)) s for that"
            )
        }
    }

    /// Ours, in a process of its own.
    private static func ingest(from url: String, into folder: String) async throws {
        var settings = try RegistryOptions.parse(["--storage", folder]).resolve().registry
        settings.upstream = url
        let registry = try await Registry.open(settings)
        let manifest = try await registry.fetchAll(of: RepositoryID(IngestSource.repository))
        print(manifest.digest)
    }

    private static func table(
        _ names: [String], _ costs: [String: [ProcessCost]], _ bytes: Int64, isMany: Bool
    ) -> Table {
        func median(_ name: String, _ value: (ProcessCost) -> Double) -> Double? {
            let all = (costs[name] ?? []).map(value).sorted()
            return all.isEmpty ? nil : all[all.count / 2]
        }
        let reference =
            isMany
            ? median(IngestContender.aria2, \.seconds)
            : max(
                median(IngestContender.disk, \.seconds) ?? 0, median(IngestContender.hash, \.seconds) ?? 0)
        var table = Table(head: [
            "PROGRAM", "SECONDS", "FROM-TO", "MB/s", "CPU-s/GB", "MEMORY", isMany ? "OF ARIA2C" : "OF DISK OR HASH",
        ])
        for name in names {
            let all = (costs[name] ?? []).map(\.seconds)
            guard let seconds = median(name, \.seconds), let cpu = median(name, \.cpuSeconds) else { continue }
            let memory = (costs[name] ?? []).compactMap(\.peakAnonymousBytes).max()
            table.rows.append([
                name, Quantity.fixed(seconds, 2),
                "\(Quantity.fixed(all.min() ?? 0, 2))-\(Quantity.fixed(all.max() ?? 0, 2))",
                Quantity.fixed(Double(bytes) / seconds / 1e6, 0), Quantity.fixed(cpu / Double(bytes) * 1e9, 2),
                memory.map { Quantity.bytes(Int64($0)) } ?? "-",
                reference.map { Quantity.fixed(seconds / $0, 2) } ?? "-",
            ])
        }
        return table
    }
}
