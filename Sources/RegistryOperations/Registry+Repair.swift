import RegistryCatalog
import RegistryCore
import RegistryStorage
import RegistryUpstream

extension Registry {
    /// Makes a damaged blob right: by what stands in its place by now, else from upstream, by its digest.
    /// - Returns: whether it is right now, and how that came about or why it did not. A failure is kept in the
    ///   catalogue, where it is the reason that clients read.
    func repair(
        _ digest: SHA256Digest, size: Int64, _ report: @escaping Report
    ) async throws -> (isRight: Bool, words: String) {
        guard let blob = try await catalog.blob(digest), blob.damage != nil else { return (true, "it is right again") }
        let examination = try await idling { [blobs] in
            try blobs.examine(digest, size: size, pace: ReadPace(bytesPerSecond: nil))
        }
        switch examination.finding {
        case .sound, .wrongMode:
            try await catalog.noteSound([digest])
            return (true, "what stands there now is right")
        case .damaged(let problem): _ = try await condemn(digest, seen: examination.identity, problem)
        case .missing, .unreadable: break
        }

        let uses = try await catalog.uses(of: digest)
        guard !uses.isEmpty else { return (true, "no kept snapshot names it any more") }
        var reason = ""
        for use in uses.prefix(5) {
            do {
                report(.message("fetching \(use.name) again, \(Quantity.bytes(size))"))
                try await repositoryTurns.hold(use.repository) { try await fetchAgain(use, report) }
                return (true, "fetched again from \(upstream.endpoint)")
            } catch let error as CancellationError {
                throw error
            } catch {
                reason = Failure(error).message
            }
        }
        try await catalog.noteRepair(of: digest, failed: reason)
        return (false, "not served until it is fetched again, which failed: \(reason)")
    }

    private func fetchAgain(_ use: BlobUse, _ report: @escaping Report) async throws {
        let entry = use.file
        let file = UpstreamFile(
            path: entry.path, size: entry.size, gitObject: entry.gitObject, lfsDigest: entry.isLFS ? entry.digest : nil)
        let manifest = try await Fetch(repository: use.repository, commit: use.commit, files: [file])
            .run(in: self, report: report)
        guard manifest.entries.first?.digest == entry.digest else {
            throw StorageError.missing(entry.digest)
        }
    }

    /// Tries every damaged blob again whose last attempt is some time ago.
    /// - Returns: how many are right now.
    @discardableResult
    func repairDamaged(after seconds: Int64) async throws -> Int {
        var count = 0
        for blob in try await catalog.damagedBlobs() {
            if let last = blob.damage?.repairAt, last.secondsAgo < seconds { continue }
            if try await repair(blob.digest, size: blob.size, { _ in }).isRight { count += 1 }
        }
        return count
    }
}
