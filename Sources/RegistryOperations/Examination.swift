import Foundation
import ModelFormats
import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryStorage
import SmokeTesting

/// Inspection and smoke test of a snapshot's files, under their own names in a folder of hard links.
struct Examination {
    let manifest: Manifest

    /// - Returns: evidence bound to the manifest; the smoke test is left out where inspection already failed.
    func run(
        on snapshot: SnapshotRecord, in registry: Registry, say: @Sendable (String) async throws -> Void
    ) async throws -> [Evidence] {
        let folder = try await blocking { try registry.blobs.makeView(of: manifest) }
        do {
            let evidence = try await examine(folder, snapshot, registry, say)
            try await blocking { registry.blobs.removeView(folder) }
            return evidence
        } catch {
            try? await blocking { registry.blobs.removeView(folder) }
            throw error
        }
    }

    private func examine(
        _ folder: String, _ snapshot: SnapshotRecord, _ registry: Registry,
        _ say: @Sendable (String) async throws -> Void
    ) async throws -> [Evidence] {
        try await say("inspecting \(manifest.entries.count) files")
        let inspection = try await blocking {
            do {
                let report = ModelInspection(of: try ModelFiles(directory: folder))
                return Evidence(report, manifest: manifest.digest, producer: registry.testerBuild)
            } catch let error as ModelFormatError {
                return Evidence(
                    kind: .inspection, outcome: .failed, manifest: manifest.digest, producer: registry.testerBuild,
                    summary: error.description)
            }
        }
        guard inspection.outcome != .failed else { return [inspection] }

        guard let probe = registry.policy.probe(for: snapshot.repository) else {
            return [
                inspection,
                Evidence(
                    kind: .smokeTest, outcome: .unsupported, manifest: manifest.digest,
                    producer: registry.testerBuild, summary: "no probe in the policy fits \(snapshot.repository)"),
            ]
        }
        try await say("running the smoke test")
        let process = SmokeTestProcess(
            executable: registry.configuration.executable, timeLimit: registry.policy.smokeTest.timeLimit)
        do {
            let answer = try await process.run(
                SmokeTestJob(
                    model: folder, snapshot: snapshot, policy: registry.policy, probe: probe,
                    testerBuild: registry.testerBuild))
            return [inspection, Evidence(answer, manifest: manifest.digest)]
        } catch let broken as SmokeTestProcess.Broken {
            return [
                inspection,
                Evidence(
                    kind: .smokeTest, outcome: .failed, manifest: manifest.digest, producer: registry.testerBuild,
                    summary: broken.reason),
            ]
        }
    }
}

extension Evidence {
    fileprivate init(_ report: ModelInspection, manifest: SHA256Digest, producer: String) {
        let decisive = report.checks.first { $0.outcome == report.outcome }
        var measurements = ["dtypes": report.dtypes.joined(separator: ", ")]
        measurements["modelType"] = report.modelType
        measurements["architecture"] = report.architecture
        measurements["parameters"] = report.parameterCount.map { Quantity.grouped(Int64($0)) }
        measurements["tensors"] = report.tensorCount.map { Quantity.grouped(Int64($0)) }
        measurements["contextLength"] = report.contextLength.map { Quantity.grouped(Int64($0)) }
        self.init(
            kind: .inspection, outcome: Outcome(rawValue: report.outcome.rawValue) ?? .failed, manifest: manifest,
            producer: producer,
            summary: report.outcome == .passed
                ? "\(report.checks.count) checks passed, \(report.modelType ?? "no model type"), "
                    + "\(measurements["parameters"] ?? "?") parameters"
                : decisive.map { "\($0.name.rawValue): \($0.message)" } ?? report.outcome.rawValue,
            checks: report.checks.map {
                Check(name: $0.name.rawValue, outcome: $0.outcome.rawValue, reason: $0.message)
            },
            measurements: measurements)
    }

    fileprivate init(_ answer: SmokeTestProcess.Answer, manifest: SHA256Digest) {
        let report = answer.report
        let decisive = report.checks.first { $0.outcome.rawValue == report.verdict.rawValue }
        let seconds = Quantity.fixed(report.seconds, 2)
        var measurements = ["seconds": seconds, "peakMemory": Quantity.bytes(Int64(report.peakMemoryBytes))]
        measurements["sandbox"] = answer.sandbox
        measurements["meanNLL"] = report.meanNLL.map { Quantity.fixed($0, 4) }
        measurements["generatedText"] = report.texts.first?.text
        measurements["modelType"] = report.modelType
        self.init(
            kind: .smokeTest, outcome: Outcome(rawValue: report.verdict.rawValue) ?? .failed, manifest: manifest,
            producer: report.testerBuild,
            summary: report.verdict == .passed
                ? "\(report.checks.count) checks passed in \(seconds) s"
                : decisive.map { "\($0.name.rawValue) \($0.value) (bound \($0.bound)): \($0.reason)" }
                    ?? report.verdict.rawValue,
            checks: report.checks.map {
                Check(
                    name: $0.name.rawValue, outcome: $0.outcome.rawValue, value: $0.value, bound: $0.bound,
                    reason: $0.reason)
            },
            measurements: measurements)
    }
}
