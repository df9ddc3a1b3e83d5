import Foundation
import RegistryCatalog
package import RegistryCore
package import RegistryPolicy
package import SmokeTesting

extension SmokeTestJob {
    /// What a policy asks of a repository's files.
    /// - Parameters:
    ///   - probe: the policy's entry for the repository.
    ///   - base: the model that this one descends from, where its files are here.
    package init(
        model: String, repository: RepositoryID, card: Card = Card(), base: BaseModel? = nil, policy: Policy,
        probe: Policy.Probe, testerBuild: String
    ) {
        self.init(
            model: model, repository: repository.description, base: base, card: card,
            modelClass: policy.modelClass(of: repository), depth: policy.smokeTest.depth, probes: probe.set,
            bounds: probe.bounds, testerBuild: testerBuild)
    }

    /// The same for a snapshot's files, with what its card claims.
    init(
        model: String, snapshot: SnapshotRecord, base: BaseModel? = nil, policy: Policy, probe: Policy.Probe,
        testerBuild: String
    ) {
        self.init(
            model: model, repository: snapshot.repository,
            card: Card(
                pipeline: snapshot.card.pipeline, relation: snapshot.card.relation, tags: snapshot.card.tags),
            base: base, policy: policy, probe: probe, testerBuild: testerBuild)
    }

    /// Gives a job on an empty folder, which holds no model: a tester that works can say so.
    static func withNoModel<Value>(
        testerBuild: String, _ body: (SmokeTestJob) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-empty-\(UUID().uuidString)"
        try await blocking {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(
            SmokeTestJob(
                model: folder, probes: ProbeSet(name: "empty", texts: [], prompts: []),
                bounds: SmokeTestBounds(maximumMeanNLL: 0), testerBuild: testerBuild))
    }
}
