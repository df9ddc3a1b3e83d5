import RegistryCatalog
import RegistryCore
import RegistryStorage
import RegistryUpstream
import Synchronization

/// Brings a commit's files into the store: fetched in parallel, verified one by one, published together.
struct Fetch {
    /// Files under way at once; the connections that they share are the upstream client's.
    private static let width = 8

    let repository: RepositoryID
    let commit: CommitID
    let files: [UpstreamFile]
    /// Asks upstream; nil for the registry's own client.
    var hub: HubClient?
    /// Where some of them may lie on this machine already.
    var local: LocalSnapshot?
    /// What keeps garbage collection and quotas from this fetch's files until their snapshot is recorded: release it
    /// then.
    let claim = FetchClaim()

    /// - Returns: the manifest of what is now in the store, all of it.
    /// - Throws: ``StorageError/mismatch`` with nothing published and no part left; any other error with nothing
    ///   published, and kept what the next attempt can go on with: pieces on record, and files that are whole. Of a file
    ///   that upstream sent wrongly nothing is kept.
    func run(in registry: Registry, report: @escaping Report) async throws -> Manifest {
        var fetched: [FileEntry] = []
        var missing: [UpstreamFile] = []
        let hold = claim.hold(of: registry)
        let known = try await registry.catalog.blobs(of: repository)
        let released = try await registry.catalog.blobs(of: repository, areKept: false)
        var regained: Int64 = 0
        for file in files {
            if let digest = try await digestInStore(file, known, hold, registry) {
                fetched.append(FileEntry(file, digest: digest))
            } else if let digest = try await digestLetGo(file, released, hold, registry) {
                fetched.append(FileEntry(file, digest: digest))
                regained = regained.addingReportingOverflow(file.size).partialValue
            } else {
                missing.append(file)
            }
        }
        let bytes = missing.reduce(0 as Int64) { $0.addingReportingOverflow($1.size).partialValue }
        claim.keep(
            try await registry.reserveRoom(
                for: bytes.addingReportingOverflow(regained).partialValue, repository: repository))
        report(.fetching(files: missing.count, bytes: bytes))

        var ingests: [IngestFile] = []
        do {
            try await withThrowingTaskGroup(of: (FileEntry, IngestFile).self) { group in
                // Two paths may hold the same bytes; they share a part, so only one of them is fetched. Large files
                // first: what is left at the end is then small.
                var waiting = Dictionary(grouping: missing) { $0.lfsDigest?.hex ?? $0.gitObject.hex }.values
                    .sorted { ($1[0].size, $0[0].path) < ($0[0].size, $1[0].path) }[...]
                var twins: [String: [UpstreamFile]] = [:]
                func startNext() {
                    guard let same = waiting.popFirst() else { return }
                    twins[same[0].path.text] = same
                    group.addTask { try await fetch(same[0], released, registry, report) }
                }
                for _ in 0..<Self.width { startNext() }
                while let (entry, ingest) = try await group.next() {
                    ingests.append(ingest)
                    for twin in twins[entry.path.text] ?? [] {
                        fetched.append(FileEntry(twin, digest: entry.digest))
                    }
                    startNext()
                }
            }
        } catch let error as StorageError {
            if case .mismatch = error {
                for file in missing {
                    registry.blobs.discardPart(
                        of: repository.description, sha256: file.lfsDigest, gitObject: file.gitObject)
                }
            }
            throw error
        }
        try await registry.hold(fetched.map(\.digest), in: hold)
        try await blocking { [ingests] in try registry.blobs.publish(ingests) }
        let published = Set(missing.map(\.path))
        let new = fetched.filter { published.contains($0.path) }.map(\.digest)
        try await registry.catalog.noteRight(new)
        let back = Set(released.map(\.digest)).intersection(new)
        if !back.isEmpty { try await blocking { for digest in back { registry.blobs.forgetTrash(of: digest) } } }
        return Manifest(fetched)
    }

    /// What is here of each file.
    func files(in registry: Registry) async throws -> [PlanMirror.File] {
        let known = try await registry.catalog.blobs(of: repository)
        let hold = BlobHold(registry.holds)
        var files: [PlanMirror.File] = []
        for file in self.files {
            let isHere = try await digestInStore(file, known, hold, registry) != nil
            let part = try await blocking { [blobs = registry.blobs, repository] in
                blobs.countInPart(
                    of: repository.description, size: file.size, sha256: file.lfsDigest, gitObject: file.gitObject)
            }
            files.append(PlanMirror.File(path: file.path.text, size: file.size, here: isHere ? file.size : part))
        }
        return files
    }

    /// The bytes may be here already, from an earlier commit of this repository.
    private func digestInStore(
        _ file: UpstreamFile, _ known: [FileEntry], _ hold: BlobHold, _ registry: Registry
    ) async throws -> SHA256Digest? {
        guard let twin = known.first(where: file.isSame(as:)) else { return nil }
        try await registry.hold([twin.digest], in: hold)
        return try await blocking { registry.blobs.size(of: twin.digest) } == file.size ? twin.digest : nil
    }

    /// The bytes may still lie there although nothing names them; nobody has looked at them since.
    private func digestLetGo(
        _ file: UpstreamFile, _ released: [FileEntry], _ hold: BlobHold, _ registry: Registry
    ) async throws -> SHA256Digest? {
        guard let twin = released.first(where: file.isSame(as:)) else { return nil }
        try await registry.hold([twin.digest], in: hold)
        let examination = try await blocking { [blobs = registry.blobs] in
            try blobs.examine(twin.digest, size: file.size, pace: ReadPace(bytesPerSecond: nil))
        }
        switch examination.finding {
        case .sound, .wrongMode: return twin.digest
        case .missing, .damaged, .unreadable: return nil
        }
    }

    private func fetch(
        _ file: UpstreamFile, _ released: [FileEntry], _ registry: Registry, _ report: @escaping Report
    ) async throws -> (FileEntry, IngestFile) {
        let ingest = try await part(of: file, registry)
        do {
            return try await fill(ingest, file, released, registry, report)
        } catch {
            // What upstream sent wrongly is worth nothing; what came before other trouble is worth what is on record.
            let isResumable = (error as? UpstreamError)?.isAboutContent != true
            try? await blocking { ingest.abandon(isResumable: isResumable) }
            throw error
        }
    }

    private func fill(
        _ ingest: IngestFile, _ file: UpstreamFile, _ released: [FileEntry], _ registry: Registry,
        _ report: @escaping Report
    ) async throws -> (FileEntry, IngestFile) {
        if try await take(file, released, into: ingest, registry, report) {
            let digest = try await blocking { try ingest.proven() }
            return (FileEntry(file, digest: digest), ingest)
        }
        let isResumed = ingest.count > 0
        do {
            return try await complete(ingest, file, registry, report)
        } catch let error as StorageError {
            // What an earlier attempt left may have gone bad here: that is no word on upstream. Once more, from zero.
            guard case .mismatch = error, isResumed else { throw error }
            return try await complete(part(of: file, registry), file, registry, report)
        }
    }

    /// Takes a file that lies on this machine, if its bytes are what upstream announced: where somebody said that it
    /// lies, or in the trash.
    private func take(
        _ file: UpstreamFile, _ released: [FileEntry], into ingest: IngestFile, _ registry: Registry,
        _ report: @escaping Report
    ) async throws -> Bool {
        let given = local?.files[file.path]
        let digest = given == nil ? released.first(where: file.isSame(as:))?.digest : nil
        let outcome = try await blocking { [blobs = registry.blobs] () -> (found: String, isRight: Bool)? in
            guard let location = given ?? digest.flatMap(blobs.trashed) else { return nil }
            let isImmutable = given == nil || local?.isImmutable == true
            guard let filling = try ingest.fill(from: location, sharing: isImmutable) else { return ("", false) }
            let git = file.lfsDigest == nil ? file.gitObject : nil
            let isRight = try ingest.isRight(expecting: file.lfsDigest, gitObject: git)
            return (given == nil ? "back from the trash:" : filling.rawValue, isRight)
        }
        guard let outcome else { return false }
        if outcome.isRight {
            report(.message("\(outcome.found) \(file.path)"))
            report(.file(path: file.path.text, received: file.size, size: file.size))
            return true
        }
        let place = given == nil ? "in the trash" : "there"
        report(.message("\(file.path) \(place) is not what upstream announced for this commit: it is fetched instead"))
        try await blocking { try ingest.restart(validator: nil) }
        return false
    }

    private func part(of file: UpstreamFile, _ registry: Registry) async throws -> IngestFile {
        let label = "\(repository)@\(commit.short)/\(file.path)"
        return try await blocking { [blobs = registry.blobs, repository] in
            try blobs.ingest(
                label, of: repository.description, size: file.size, sha256: file.lfsDigest, gitObject: file.gitObject)
        }
    }

    private func complete(
        _ ingest: IngestFile, _ file: UpstreamFile, _ registry: Registry, _ report: @escaping Report
    ) async throws -> (FileEntry, IngestFile) {
        let reported = Mutex(ContinuousClock.now - .seconds(1))
        try await ingest.following {
            try await (hub ?? registry.upstream).fetch(file, of: repository, at: commit, into: ingest) { count in
                // Upstream tells of every delivery; ten times a second is what a person can read.
                let isDue = reported.withLock { last in
                    guard count == file.size || ContinuousClock.now - last > .milliseconds(100) else { return false }
                    last = .now
                    return true
                }
                if isDue { report(.file(path: file.path.text, received: count, size: file.size)) }
            }
        }
        let digest = try await blocking {
            try ingest.verify(expecting: file.lfsDigest, gitObject: file.lfsDigest == nil ? file.gitObject : nil)
        }
        return (FileEntry(file, digest: digest), ingest)
    }

    /// What was proven about the files, as evidence.
    func evidence(of manifest: Manifest, _ registry: Registry) -> Evidence {
        let lfs = manifest.entries.count(where: \.isLFS)
        return Evidence(
            kind: .verification, outcome: .passed, manifest: manifest.digest, producer: registry.testerBuild,
            summary: "\(manifest.entries.count) files, \(Quantity.bytes(manifest.totalSize)), are what "
                + "\(registry.upstream.endpoint) announced",
            checks: [
                Evidence.Check(
                    name: "size", outcome: "passed", value: "\(manifest.entries.count) files", bound: "as in the tree"),
                Evidence.Check(
                    name: "sha256", outcome: "passed", value: "\(lfs) LFS files", bound: "equal to the LFS oid"),
                Evidence.Check(
                    name: "git-sha1", outcome: "passed", value: "\(manifest.entries.count - lfs) ordinary files",
                    bound: "equal to the tree's oid"),
            ])
    }
}

extension IngestFile: ByteSink {}

extension UpstreamFile {
    /// Whether upstream announces the bytes that are known as this.
    fileprivate func isSame(as entry: FileEntry) -> Bool {
        lfsDigest.map { $0 == entry.digest } ?? (!entry.isLFS && entry.gitObject == gitObject)
    }
}

extension FileEntry {
    fileprivate init(_ file: UpstreamFile, digest: SHA256Digest) {
        self.init(
            path: file.path, size: file.size, gitObject: file.gitObject, isLFS: file.lfsDigest != nil, digest: digest)
    }
}
