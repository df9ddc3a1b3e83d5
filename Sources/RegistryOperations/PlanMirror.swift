import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryStorage
import RegistryUpstream
import Synchronization

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
        let pages = Atomic(0)
        let tree = try await registry.upstream.tree(of: repository, at: upstream.commit) {
            pages.wrappingAdd(1, ordering: .relaxed)
        }
        let selection = Selection(tree, allowed: registry.policy.formats)
        let fetch = Fetch(repository: repository, commit: upstream.commit, files: selection.wanted)
        let files = try await fetch.files(in: registry)
        let dossier = Dossier(
            repository: repository, licence: upstream.card.licence,
            totalSize: selection.wanted.reduce(0) { $0.addingReportingOverflow($1.size).partialValue },
            weights: selection.weights, others: selection.leftOut)
        let findings = registry.policy.screen(dossier)
        var isDecided = false
        if let known = try await registry.catalog.snapshot(repository, Revision(upstream.commit.hex)) {
            isDecided = try await registry.isDecided(known)
        }
        // What is decided on costs one question; what the policy refuses by its looks is not fetched.
        let isFetched = !isDecided && !findings.contains { $0.effect == .refuse }
        let costs =
            try await isFetched
            ? cost(of: selection.wanted, files, at: upstream.commit, registry) : (bytes: Int64(0), requests: 0)
        let (seconds, basis) = try await time(for: costs.bytes, in: registry)
        return Answer(
            repository: repository, commit: upstream.commit, files: files, leftOut: selection.leftOut.count,
            findings: findings, bytes: costs.bytes,
            apiRequests: isDecided ? 1 : 1 + pages.load(ordering: .relaxed), resolverRequests: costs.requests,
            seconds: seconds, basis: basis, free: try await blocking { [blobs = registry.blobs] in try blobs.room() })
    }

    private func cost(
        of wanted: [UpstreamFile], _ files: [File], at commit: CommitID, _ registry: Registry
    ) async throws -> (bytes: Int64, requests: Int) {
        // Of several with the same bytes one is fetched.
        var seen: Set<String> = []
        let missing = zip(wanted, files).filter { file, state in
            state.here < state.size && seen.insert(file.lfsDigest?.hex ?? file.gitObject.hex).inserted
        }
        let bytes = missing.reduce(0 as Int64) { $0.addingReportingOverflow($1.1.size - $1.1.here).partialValue }
        // Of weights that changed under their name the heads are read first.
        let change = try await ContentChange(of: repository, to: commit, in: registry)
        let asked = missing.map(\.0) + (change?.changed(wanted).map(\.file) ?? [])
        // A file in LFS is redirected to storage once; the address of another leads to a second one (protocol 2.2).
        return (bytes, asked.reduce(0) { $0 + ($1.lfsDigest == nil ? 2 : 1) })
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
