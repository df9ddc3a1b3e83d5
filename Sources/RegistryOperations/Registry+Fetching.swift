package import RegistryCore
package import RegistryUpstream

extension Registry {
    /// Brings all files of what upstream's main is into the store, verified and durable, and records nothing of it: what
    /// `lapidary bench ingest` measures, and `lapidary bench chaos` tries to spoil.
    /// - Parameter hub: asks upstream; nil for the registry's own client.
    package func fetchAll(of repository: RepositoryID, from hub: HubClient? = nil) async throws -> Manifest {
        let hub = hub ?? upstream
        let revision = try await hub.revision(.main, of: repository)
        let files = try await hub.tree(of: repository, at: revision.commit)
        return try await Fetch(repository: repository, commit: revision.commit, files: files, hub: hub)
            .run(in: self, report: { _ in })
    }
}
