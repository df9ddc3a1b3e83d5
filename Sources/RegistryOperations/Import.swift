import RegistryCatalog
package import RegistryCore
import RegistryStorage
import RegistryUpstream

/// Brings in what lies on this machine: a folder, a cache of Hugging Face's clients, another registry's storage.
///
/// Each snapshot is verified exactly like a download, against what upstream announces for its commit; files that are
/// missing or differ are fetched. Where upstream cannot be asked, or does not know the commit, nobody vouches for the
/// bytes: they are recorded as of unattested origin, and held until a mirroring has compared them.
package struct Import: Verb {
    package static let name = "import"
    /// A folder on the machine that owns the storage.
    package var path: String
    /// What a plain folder holds; picks one repository of a cache.
    package var repository: RepositoryID?
    package var commit: CommitID?
    /// True to ask no upstream.
    package var offline: Bool

    package init(path: String, repository: RepositoryID?, commit: CommitID?, offline: Bool) {
        self.path = path
        self.repository = repository
        self.commit = commit
        self.offline = offline
    }

    package struct Row: Codable, Sendable {
        package let repository: RepositoryID
        /// Nil where it came to none.
        package let commit: CommitID?
        package let state: ModelState
        package let reason: String
        /// False where upstream vouched for every byte.
        package let isUnattested: Bool
    }

    package struct Answer: Codable, Sendable {
        package let rows: [Row]
        /// 0 all served, 3 some held or refused, 1 some failed.
        package let exitCode: Int32
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        let (path, repository, commit) = (path, repository, commit)
        let own = try await blocking { [root = registry.blobs.layout.root] in FolderReading.real(root) }
        guard try await blocking({ FolderReading.real(path) }) != own else {
            throw OperationError.invalid("\(path.printable) is this registry's own storage: what is in it is here")
        }
        let found = try await blocking { try ImportPlace.snapshots(at: path, as: repository, commit: commit) }
        var rows: [Row] = []
        for snapshot in found {
            for note in snapshot.passedOver.prefix(20) { report(.message("passed over \(note)")) }
            do {
                rows.append(try await bring(snapshot, in: registry, report))
            } catch let error where !(error is CancellationError) {
                let failure = Failure(error)
                report(.message("\(snapshot.repository): \(failure.message)"))
                rows.append(
                    Row(
                        repository: snapshot.repository, commit: snapshot.commit, state: .failed,
                        reason: failure.message, isUnattested: false))
            }
        }
        let hasFailed = rows.contains { $0.state == .failed }
        return Answer(rows: rows, exitCode: hasFailed ? 1 : rows.allSatisfy { $0.state == .served } ? 0 : 3)
    }

    private func bring(
        _ snapshot: LocalSnapshot, in registry: Registry, _ report: @escaping Report
    ) async throws -> Row {
        let revision = try snapshot.commit.map { try Revision($0.hex) } ?? .main
        let job = try await registry.catalog.beginJob(importing: snapshot.repository, at: revision.name)
        return try await registry.perform(job, of: snapshot.repository, report) { log in
            let row = try await registry.repositoryTurns.hold(snapshot.repository) {
                try await bringInTurn(snapshot, revision, in: registry, log)
            }
            return (row, "\(row.commit?.short ?? "") is \(row.state.rawValue)")
        }
    }

    private func bringInTurn(
        _ snapshot: LocalSnapshot, _ revision: Revision, in registry: Registry, _ log: JobLog
    ) async throws -> Row {
        // What is served stays what was approved: an import makes main only where there is none.
        let order = Mirror(repository: snapshot.repository, revision: revision, promotion: .ifNew)
        let run = MirrorRun(order: order, revision: revision, log: log, registry: registry, local: snapshot)
        var reason = "nobody was asked"
        if !offline {
            do {
                return Row(try await run.run(), isUnattested: false)
            } catch let error as UpstreamError where error.leavesUnattested {
                reason = "\(error)"
            }
        }
        try await log.say("unattested: \(reason)")
        let bytes = UnattestedImport(snapshot: snapshot, reason: reason)
        let (record, manifest) = try await bytes.record(in: registry, log)
        return Row(try await run.examine(record, manifest, ["main"]), isUnattested: true)
    }
}

extension Import.Row {
    fileprivate init(_ answer: Mirror.Answer, isUnattested: Bool) {
        self.init(
            repository: answer.repository, commit: answer.commit, state: answer.state,
            reason: answer.rule.isEmpty ? "" : "\(answer.rule): \(answer.reason)", isUnattested: isUnattested)
    }
}

extension UpstreamError {
    /// True where upstream could not be asked, or does not know what was asked for; what it said wrongly is an error.
    fileprivate var leavesUnattested: Bool {
        switch self {
        case .unreachable, .brokenOff, .tooSlow, .serverTrouble, .rateLimited, .unknownRepository, .unknownRevision,
            .unauthorized, .disabled, .gated:
            true
        default: false
        }
    }
}
