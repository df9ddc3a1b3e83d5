package import RegistryCatalog
package import RegistryCore

/// How often models were pulled, and by whom.
package struct ShowStatistics: Verb {
    package static let name = "stats"

    package init() {}

    package struct Answer: Codable, Sendable {
        package let models: [ModelPulls]
        package let pulls: [Pull]
    }

    package struct ModelPulls: Codable, Sendable {
        package let repository: RepositoryID
        package let commit: CommitID
        package let count: PullCount
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        let counts = try await registry.catalog.pullCounts()
        let models = try await registry.catalog.snapshots().compactMap { snapshot in
            counts[snapshot.id].map {
                ModelPulls(repository: snapshot.repository, commit: snapshot.commit, count: $0)
            }
        }
        return Answer(
            models: models.sorted { ($1.count.pulls, $0.repository) < ($0.count.pulls, $1.repository) },
            pulls: try await registry.catalog.pulls())
    }
}
