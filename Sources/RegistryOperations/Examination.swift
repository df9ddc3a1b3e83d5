import ModelFormats
import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryStorage
import SmokeTesting

/// Inspection and smoke test of a snapshot's files, under their own names in a folder of hard links.
struct Examination {
    let snapshot: SnapshotRecord
    let manifest: Manifest
    /// False for tests that nobody waits for: they run at low priority and go after those that somebody does.
    var isUrgent = true

    /// - Returns: evidence bound to the manifest; the smoke test is left out where inspection already failed.
    func run(in registry: Registry, _ log: JobLog) async throws -> [Evidence] {
        try await withView(of: manifest, in: registry) { folder in
            try await log.say("inspecting \(manifest.entries.count) files")
            let inspection = try await inspect(folder, registry)
            guard inspection.outcome != .failed else { return [inspection] }
            return [inspection, try await smokeTest(folder, registry, log)]
        }
    }

    /// The smoke test alone, under the rules that the registry has now.
    func smokeTest(in registry: Registry, _ log: JobLog) async throws -> Evidence {
        try await withView(of: manifest, in: registry) { try await smokeTest($0, registry, log) }
    }

    private func inspect(_ folder: String, _ registry: Registry) async throws -> Evidence {
        try await blocking {
            do {
                let report = ModelInspection(of: try ModelFiles(directory: folder))
                return Evidence(report, manifest: manifest.digest, producer: registry.testerBuild)
            } catch let error as ModelFormatError {
                return Evidence(
                    kind: .inspection, outcome: .failed, manifest: manifest.digest, producer: registry.testerBuild,
                    summary: error.description)
            }
        }
    }

    private func smokeTest(_ folder: String, _ registry: Registry, _ log: JobLog) async throws -> Evidence {
        guard let plan = registry.plannedTest(of: snapshot.repository) else {
            return Evidence(
                kind: .smokeTest, outcome: .unsupported, manifest: manifest.digest, producer: registry.testerBuild,
                summary: "no probe in the policy fits \(snapshot.repository)")
        }
        guard let base = try await baseModel(in: registry) else {
            return try await smokeTest(folder, nil, plan, registry, log)
        }
        return try await withView(of: base.manifest, in: registry) { baseFolder in
            try await smokeTest(folder, (base.name, baseFolder, base.manifest.totalSize), plan, registry, log)
        }
    }

    private func smokeTest(
        _ folder: String, _ base: (name: String, folder: String, size: Int64)?, _ plan: PlannedTest,
        _ registry: Registry, _ log: JobLog
    ) async throws -> Evidence {
        let job = SmokeTestJob(
            model: folder, snapshot: snapshot,
            base: base.map { SmokeTestJob.BaseModel(name: $0.name, folder: $0.folder) }, policy: registry.policy,
            probe: plan.probe, testerBuild: registry.testerBuild)
        let need = [base?.size ?? 0, registry.policy.smokeTest.memoryAllowance].reduce(manifest.totalSize) {
            $0.addingReportingOverflow($1).partialValue
        }
        return try await registry.testTurn.hold(need, isUrgent: isUrgent, say: log.say) {
            try await log.say("running the smoke test")
            let start = ContinuousClock.now
            do {
                let run = try await log.followingTest { progress in
                    try await registry.runSealed(job, niceness: isUrgent ? 0 : 10, progress: progress)
                }
                return Evidence(run, plan, base: base?.name, manifest: manifest.digest)
            } catch let broken as SmokeTestProcess.Broken {
                return Evidence(
                    broken, plan, base: base?.name, manifest: manifest.digest, seconds: start.secondsSince)
            }
        }
    }

    /// The model that this one says it descends from, where it is served here.
    private func baseModel(in registry: Registry) async throws -> (name: String, manifest: Manifest)? {
        for name in snapshot.card.baseModels.prefix(8) {
            guard let repository = try? RepositoryID(name), repository != snapshot.repository,
                let base = try await registry.catalog.snapshot(repository, .main), canServe(base) == nil
            else { continue }
            let files = try await registry.catalog.files(of: base.id)
            guard try await registry.areHere(files) else { continue }
            return ("\(repository)@\(base.commit)", Manifest(files))
        }
        return nil
    }

    /// A folder of hard links for as long as `body` runs.
    private func withView<Value: Sendable>(
        of manifest: Manifest, in registry: Registry, _ body: (String) async throws -> Value
    ) async throws -> Value {
        let folder = try await blocking { try registry.blobs.makeView(of: manifest) }
        do {
            let value = try await body(folder)
            try await blocking { registry.blobs.removeView(folder) }
            return value
        } catch {
            try? await blocking { registry.blobs.removeView(folder) }
            throw error
        }
    }
}

extension Registry {
    /// Whether every one of these files is in the store, in its size.
    func areHere(_ files: [FileEntry]) async throws -> Bool {
        try await blocking { [blobs] in files.allSatisfy { blobs.size(of: $0.digest) == $0.size } }
    }
}

extension ContinuousClock.Instant {
    fileprivate var secondsSince: Double { duration(to: .now) / .seconds(1) }
}
