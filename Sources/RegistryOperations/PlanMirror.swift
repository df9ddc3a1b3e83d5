import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryStorage
import RegistryUpstream

/// What a mirroring would fetch, at what cost; nothing of it is done.
package struct PlanMirror: Verb {
    package static let name = "plan"
    package var repository: RepositoryID
    package var revision: String

    package init(repository: RepositoryID, revision: Revision) {
        self.repository = repository
        self.revision = revision.name
    }

    package struct File: Codable, Sendable {
        package let path: String
        /// Bytes.
        package let size: Int64
        /// Bytes that are here: all of a blob of this repository, or what an attempt that was cut off has left.
        package let here: Int64
    }

    package struct Answer: Codable, Sendable {
        package let repository: RepositoryID
        package let commit: CommitID
        package let files: [File]
        package let leftOut: Int
        /// What the policy says before anything is fetched.
        package let findings: [Finding]
        /// Bytes to fetch.
        package let bytes: Int64
        /// Requests that count against upstream's rate limits: of its API, and for the addresses of files.
        package let apiRequests: Int
        package let resolverRequests: Int
        /// Seconds at the present budget; nil where nothing limits it and nothing was fetched here before.
        package let seconds: Double?
        /// What ``seconds`` rests on.
        package let basis: String
        /// Bytes that are free for models, after the reserve; negative where there are none.
        package let free: Int64
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        let upstream = try await registry.upstream.revision(Revision(revision), of: repository)
        let tree = try await registry.upstream.tree(of: repository, at: upstream.commit)
        let selection = Selection(tree, allowed: registry.policy.formats)
        let fetch = Fetch(repository: repository, commit: upstream.commit, files: selection.wanted)
        let files = try await fetch.files(in: registry)
        let missing = files.filter { $0.here < $0.size }
        let bytes = missing.reduce(0 as Int64) { $0.addingReportingOverflow($1.size - $1.here).partialValue }
        let lfs = Set(selection.wanted.filter { $0.lfsDigest != nil }.map(\.path.text))
        let dossier = Dossier(
            repository: repository, licence: upstream.card.licence,
            totalSize: selection.wanted.reduce(0) { $0.addingReportingOverflow($1.size).partialValue },
            weights: selection.weights, others: selection.leftOut)
        let (seconds, basis) = try await time(for: bytes, in: registry)
        return Answer(
            repository: repository, commit: upstream.commit, files: files, leftOut: selection.leftOut.count,
            findings: registry.policy.screen(dossier), bytes: bytes,
            // The description, and the tree a thousand entries at a time.
            apiRequests: 1 + max(1, (tree.count + 999) / 1000),
            // A file in LFS is redirected to storage once; the address of another leads to a second one (protocol 2.2).
            resolverRequests: missing.reduce(0) { $0 + (lfs.contains($1.path) ? 1 : 2) }, seconds: seconds,
            basis: basis, free: try await blocking { [blobs = registry.blobs] in try blobs.room() })
    }

    private func time(for bytes: Int64, in registry: Registry) async throws -> (Double?, String) {
        guard bytes > 0 else { return (0, "nothing is missing") }
        let measured = try await registry.catalog.fetchRate()
        let limit = registry.upstream.bytesPerSecond
        switch (measured, limit) {
        case (let measured?, let limit?) where Double(limit) < measured:
            return (Double(bytes) / Double(limit), "at the limit of \(Quantity.bytes(limit))/s that holds now")
        case (nil, let limit?):
            return (Double(bytes) / Double(limit), "at the limit of \(Quantity.bytes(limit))/s that holds now")
        case (let measured?, _):
            return (Double(bytes) / measured, "at \(Quantity.bytes(Int64(measured)))/s, as the last fetches went")
        case (nil, nil):
            return (nil, "nothing was fetched here before")
        }
    }
}
