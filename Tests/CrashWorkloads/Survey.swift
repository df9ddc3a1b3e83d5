import Foundation
import GRDB
import Glibc
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryStorage

/// A look at what a crash has left, after a fresh start.
package struct Survey: Sendable {
    let place: Place
    let workload: Workload

    package init(_ place: Place, _ workload: Workload) {
        self.place = place
        self.workload = workload
    }

    /// Opens the storage, looks at everything in it, does the workload once more, and looks again.
    ///
    /// - Parameter promises: what was said before the crash.
    /// - Returns: the state that all of it comes to, as text: the same after every crash.
    /// - Throws: ``CrashFinding``, or whatever keeps the storage from being opened or the workload from being done.
    package func run(_ promises: [Promise]) async throws -> String {
        try checkDatabase()
        let registry = try await place.open()
        try await check(registry, promises)
        try await workload.perform(in: registry, at: place) { _ in }
        try await check(registry, promises)
        try checkDatabase()
        return try await state(of: registry)
    }

    /// Does the workload. A server outlives an error of its disk: what failed is asked for once more, in the same
    /// process.
    ///
    /// - Parameter complain: hears the first error.
    package static func perform(
        _ workload: Workload, at place: Place, promise: @escaping @Sendable (Promise) -> Void,
        complain: @Sendable (any Error) -> Void
    ) async throws {
        let registry: Registry
        do { registry = try await place.open() } catch {
            complain(error)
            registry = try await place.open()
        }
        do { try await workload.perform(in: registry, at: place, promise: promise) } catch {
            complain(error)
            try await workload.perform(in: registry, at: place, promise: promise)
        }
    }

    private func check(_ registry: Registry, _ promises: [Promise]) async throws {
        try await blocking {
            for (name, path) in blobs() {
                guard let status = Self.status(path), status.st_mode == S_IFREG | 0o444 else {
                    throw CrashFinding(
                        "blob \(name.prefix(12)) has mode \(String(Self.status(path)?.st_mode ?? 0, radix: 8))")
                }
                guard ContentDigests.ofFile(path)?.sha256.hex == name else {
                    throw CrashFinding("blob \(name.prefix(12)) holds \(status.st_size) bytes that are not its own")
                }
            }
            try checkIngest(registry.blobs.layout)
        }
        for snapshot in try await registry.catalog.snapshots() where canServe(snapshot) == nil {
            for file in try await registry.catalog.files(of: snapshot.id) {
                guard registry.blobs.size(of: file.digest) == file.size else {
                    throw CrashFinding(
                        "\(snapshot.repository)@\(snapshot.commit.short) is served without its \(file.path)")
                }
            }
        }
        let gone = promises.compactMap { if case .gone(let digest) = $0 { digest } else { nil } }
        for promise in promises {
            // Promised, and let go of since.
            if case .blob(let digest) = promise, gone.contains(digest) { continue }
            // The workload has begun again where it was let go of.
            if case .gone = promise { continue }
            try await promise.check(in: registry)
        }
    }

    /// Parts and their records, and nothing else; what a record vouches for is what the file really holds.
    private func checkIngest(_ layout: StorageLayout) throws {
        for name in Self.names(in: layout.ingest) {
            guard name.hasSuffix(".part") || name.hasSuffix(".ranges") else {
                throw CrashFinding("ingest/\(name) is left")
            }
            guard name.hasSuffix(".ranges"), name.contains("sha256-\(Sample.large.digest.hex)") else { continue }
            guard let text = FileManager.default.contents(atPath: "\(layout.ingest)/\(name)"),
                let record = try? JSONDecoder().decode(Record.self, from: text)
            else { continue }
            let part = "\(layout.ingest)/\(name.dropLast(7)).part"
            // A part that is shorter than its record, or was about to be published, is not trusted either.
            guard let bytes = FileManager.default.contents(atPath: part), let status = Self.status(part),
                status.st_mode & 0o200 != 0, bytes.count >= record.bounds.last?.last ?? 0
            else { continue }
            for bound in record.bounds where bytes[bound[0]..<bound[1]] != Data(Sample.large.bytes[bound[0]..<bound[1]])
            {
                throw CrashFinding("ingest/\(name) vouches for bytes \(bound) that are not there")
            }
        }
    }

    private struct Record: Decodable { let bounds: [[Int]] }

    private func checkDatabase() throws {
        let path = StorageLayout(root: place.storage).database
        guard let size = Self.status(path)?.st_size, size > 0 else { return }
        let problems = try DatabaseQueue(path: path).read { database in
            try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
                + Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { "\($0)" }
        }
        guard problems.isEmpty else {
            throw CrashFinding("the catalogue: \(problems.prefix(3).joined(separator: "; "))")
        }
    }

    private func state(of registry: Registry) async throws -> String {
        let layout = registry.blobs.layout
        var lines = blobs().map { "blob \($0.name)" }
        for folder in [layout.ingest, layout.quarantine] {
            lines += Self.names(in: folder).map { "\(folder.split(separator: "/").last ?? "")/\($0)" }
        }
        for snapshot in try await registry.catalog.snapshots() {
            let obstacle = canServe(snapshot).map { "\($0.state) by \($0.rule)" } ?? "served"
            let files = try await registry.catalog.files(of: snapshot.id).map { "\($0.path)=\($0.digest.short)" }
            lines.append(
                "\(snapshot.repository)@\(snapshot.commit) \(obstacle) \(snapshot.refs) \(files.joined(separator: " "))"
            )
        }
        return lines.sorted().joined(separator: "\n") + "\n"
    }

    private func blobs() -> [(name: String, path: String)] {
        let root = "\(place.storage)/blobs/sha256"
        return Self.names(in: root).flatMap { shard in
            Self.names(in: "\(root)/\(shard)").map { ($0, "\(root)/\(shard)/\($0)") }
        }
    }

    private static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }
}
