package import RegistryCore
import RegistryUpstream

extension Registry {
    /// Brings all files of what upstream's main is into the store, verified and durable, and records nothing of it: what
    /// `lapidary bench ingest` measures.
    package func fetchAll(of repository: RepositoryID) async throws -> Manifest {
        let revision = try await upstream.revision(.main, of: repository)
        let files = try await upstream.tree(of: repository, at: revision.commit)
        return try await Fetch(repository: repository, commit: revision.commit, files: files)
            .run(in: self, report: { _ in })
    }
}
