import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryStorage
import RegistryUpstream
import SampleHub
import Synchronization
import Testing

/// A storage folder that several registries open one after the other, each with a policy and a tester of its own.
final class Shelf: Sendable {
    let folder: String
    let upstream: String
    private let count = Mutex(0)

    private init(folder: String, upstream: String) {
        self.folder = folder
        self.upstream = upstream
    }

    static func open(_ body: @escaping @Sendable (Shelf) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let hub = try await blocking { try SampleHub(folder: House.hubFolder) }
        try await hub.whileRunning { try await body(Shelf(folder: folder, upstream: $0)) }
    }

    /// A registry for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - policy: what stands in the shipped policy, and what shall stand there instead.
    ///   - tester: a program in place of `lapidary`; `LAPIDARY` in it stands for the real one, `FOLDER` for a folder.
    func use<Value: Sendable>(
        policy changes: [String: String] = [:], tester: String? = nil, storage: String? = nil,
        _ body: (Registry) async throws -> Value
    ) async throws -> Value {
        let number = count.withLock { count in
            count += 1
            return count
        }
        let configuration = RegistryConfiguration(
            storage: storage ?? "\(folder)/storage", policies: try policies(changes, number), upstream: upstream,
            upstreamToken: nil, executable: try executable(tester, number), anonymousPulls: true, contact: "",
            hub: HubOptions(redirectHosts: ["localhost"]))
        return try await body(opened(configuration))
    }

    /// The lock goes with the last reference to the registry before, which a task that ends may hold for a moment.
    private func opened(_ configuration: RegistryConfiguration) async throws -> Registry {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            do { return try await Registry.open(configuration) } catch StorageError.locked where .now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private func policies(_ changes: [String: String], _ number: Int) throws -> String {
        let shipped = "\(House.project)/Policies"
        guard !changes.isEmpty else { return shipped }
        let copy = "\(folder)/policies-\(number)"
        try FileManager.default.copyItem(atPath: shipped, toPath: copy)
        var text = try String(contentsOfFile: "\(copy)/default.yaml", encoding: .utf8)
        for (old, new) in changes {
            try #require(text.contains(old), "the shipped policy has no '\(old)'")
            text = text.replacing(old, with: new)
        }
        try text.write(toFile: "\(copy)/default.yaml", atomically: true, encoding: .utf8)
        return copy
    }

    private func executable(_ tester: String?, _ number: Int) throws -> String {
        guard let tester else { return House.executable }
        let path = "\(folder)/tester-\(number)"
        try tester.replacing("LAPIDARY", with: House.executable).replacing("FOLDER", with: folder)
            .write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    @discardableResult
    func mirror(_ model: String, _ registry: Registry) async throws -> Mirror.Answer {
        try await Mirror(repository: RepositoryID(model), revision: .main).perform(in: registry) { _ in }
    }

    /// A trial as the background would have kept it, under the present rules.
    func keepTrial(of row: RetestRow, _ registry: Registry) async throws {
        let snapshot = try #require(try await registry.catalog.snapshot(row.repository, .main))
        let identity = try #require(row.nextIdentity)
        let test = SmokeTestRecord(
            identity: identity, bounds: [:], modelClass: .base, classReason: "", base: nil, sandbox: "", seconds: 1,
            peakMemory: 1)
        let evidence = Evidence(
            kind: .smokeTest, outcome: .passed, manifest: snapshot.manifest, producer: "the test", summary: "fine",
            test: test)
        try await registry.catalog.keep(Trial(snapshot: snapshot.id, identity: identity.digest, evidence: evidence))
    }
}
