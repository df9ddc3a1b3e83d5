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
    /// - Returns: the state that all of it comes to, as text: the same after every crash.
    /// - Throws: ``CrashFinding``, or whatever keeps the storage from being opened or the workload from being done.
    package func run() async throws -> String {
        let text = FileManager.default.contents(atPath: place.promises) ?? Data()
        let promises = try Promise.all(in: String(decoding: text, as: UTF8.self))
        let named = FileManager.default.contents(atPath: place.spoilt).map { String(decoding: $0, as: UTF8.self) }
        // Until somebody says that it is right again.
        let spoilt = named.flatMap { name in promises.contains { $0.line == "blob \(name)" } ? nil : name }
        return try await workload.withUpstream(at: place) { upstream in
            let registry = try await place.open(upstream: upstream)
            try checkDatabase()
            try await check(registry, promises, butFor: spoilt)
            try await workload.perform(in: registry, at: place) { _ in }
            try await check(registry, promises, butFor: nil)
            try checkDatabase()
            return try await state(of: registry)
        }
    }

    /// Does the workload. A server outlives an error of its disk: what failed is asked for once more, in the same
    /// process.
    ///
    /// - Parameter complain: hears the first error.
    package static func perform(
        _ workload: Workload, at place: Place, promise: @escaping @Sendable (Promise) -> Void,
        complain: @escaping @Sendable (any Error) -> Void
    ) async throws {
        try await workload.withUpstream(at: place) { upstream in
            let registry: Registry
            do { registry = try await place.open(upstream: upstream) } catch {
                complain(error)
                registry = try await place.open(upstream: upstream)
            }
            // Never closed: whether SQLite still tidied up on the way out would differ from run to run.
            _ = Unmanaged.passRetained(registry)
            do { try await workload.perform(in: registry, at: place, promise: promise) } catch {
                complain(error)
                try await workload.perform(in: registry, at: place, promise: promise)
            }
        }
    }

    /// - Parameter spoilt: a blob whose bytes are wrong by no fault of the registry, which has not looked yet.
    private func check(_ registry: Registry, _ promises: [Promise], butFor spoilt: String?) async throws {
        try await blocking {
            try checkNames(registry.blobs.layout)
            for (name, path) in blobs() where name != spoilt {
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
        for blob in try await registry.catalog.keptBlobs() where blob.damage == nil && blob.digest.hex != spoilt {
            guard registry.blobs.size(of: blob.digest) == blob.size else {
                throw CrashFinding("the catalogue keeps \(blob.digest.short), which is not here")
            }
        }
        let gone = promises.compactMap { if case .gone(let digest) = $0 { digest } else { nil } }
        for promise in promises {
            // Promised, and let go of since.
            if case .blob(let digest) = promise, gone.contains(digest) { continue }
            try await promise.check(in: registry)
        }
    }

    /// Nothing lies in the storage but what ``StorageLayout`` draws: whatever a crash leaves under another name would lie
    /// there for ever.
    private func checkNames(_ layout: StorageLayout) throws {
        let known = [
            "blobs", "ingest", "quarantine", "trash", "keys", "registry.lock", "registry.sqlite",
            "registry.sqlite-wal", "registry.sqlite-shm",
        ]
        var strays = Self.names(in: layout.root).filter { !known.contains($0) }
        strays += Self.names(in: layout.keys).filter { $0 != "admin.token" }.map { "keys/\($0)" }
        strays += Self.names(in: "\(layout.root)/blobs").filter { $0 != "sha256" }.map { "blobs/\($0)" }
        strays += blobs().filter { $0.name.count != 64 }.map(\.path)
        strays += Self.names(in: layout.ingest).filter { !$0.hasSuffix(".part") && !$0.hasSuffix(".ranges") }
            .map { "ingest/\($0)" }
        guard strays.isEmpty else { throw CrashFinding("left: \(strays.joined(separator: " "))") }
    }

    /// What the record of a part vouches for is what the part really holds.
    private func checkIngest(_ layout: StorageLayout) throws {
        for name in Self.names(in: layout.ingest) {
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
        var configuration = Configuration()
        configuration.readonly = true
        let problems = try DatabaseQueue(path: path, configuration: configuration).read { database in
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
        // A part that was proven waits for the next attempt, for a week. Where a disk that failed is then cut off while
        // its file is published, it may stand under both names, and nobody comes back for it sooner.
        lines += Self.names(in: layout.ingest)
            .filter { !$0.hasSuffix(".part") || (Self.status("\(layout.ingest)/\($0)")?.st_mode ?? 0) & 0o200 != 0 }
            .map { "ingest/\($0)" }
        lines += Self.names(in: layout.trash).map { "trash/\($0)" }
        // Without the moment at which it went there.
        lines += Self.names(in: layout.quarantine).map { "quarantine/\($0.prefix(70))" }
        for snapshot in try await registry.catalog.snapshots() {
            let obstacle = canServe(snapshot).map { "\($0.state) by \($0.rule)" } ?? "served"
            let files = try await registry.catalog.files(of: snapshot.id).map { "\($0.path)=\($0.digest.short)" }
            let pin = snapshot.pin == nil ? "" : " pinned"
            lines.append(
                "\(snapshot.repository)@\(snapshot.commit) \(obstacle)\(pin) \(snapshot.refs) "
                    + files.joined(separator: " "))
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
