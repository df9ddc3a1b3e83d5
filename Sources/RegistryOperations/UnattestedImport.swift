import ModelFormats
import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryStorage
import RegistryUpstream

/// Files of this machine that no upstream vouches for, on their way into the store under the hashes that they have.
struct UnattestedImport: Sendable {
    let snapshot: LocalSnapshot
    let reason: String

    func record(in registry: Registry, _ log: JobLog) async throws -> (SnapshotRecord, Manifest) {
        let formats = registry.policy.formats
        let wanted = snapshot.files.filter { formats.allowed.contains(FileFormat.byExtension($0.key.text).rawValue) }
        guard !wanted.isEmpty else {
            throw OperationError.invalid(
                "\(snapshot.repository): none of its files has a format that the policy allows")
        }
        let leftOut = snapshot.files.keys.filter { wanted[$0] == nil }.sorted()
            .map { LeftOutFile(path: $0.text, format: FileFormat.byExtension($0.text).rawValue) }
        let total = try await blocking { wanted.values.reduce(0 as Int64) { $0 + (Self.size($1) ?? 0) } }
        let reservation = try await registry.reserveRoom(for: total, repository: snapshot.repository)
        defer { reservation.release() }
        let hold = BlobHold(registry.holds)
        defer { hold.release() }
        var entries: [FileEntry] = []
        var parts: [IngestFile] = []
        // Hundreds of small files would be hundreds of lines.
        var saidAt = ContinuousClock.now - .seconds(2)
        for (path, location) in wanted.sorted(by: { $0.key < $1.key }) {
            try Task.checkCancellation()
            if ContinuousClock.now - saidAt > .seconds(1) {
                saidAt = .now
                try await log.say("hashing \(path), file \(entries.count + 1) of \(wanted.count)")
            }
            let (entry, part) = try await take(path, location, registry)
            entries.append(entry)
            parts.append(part)
        }
        try await registry.hold(entries.map(\.digest), in: hold)
        try await blocking { [parts, blobs = registry.blobs] in try blobs.publish(parts) }
        let manifest = Manifest(entries)
        // A commit that is made up is made of the content, so that the same bytes get the same one.
        let commit = try snapshot.commit ?? CommitID(String(manifest.digest.hex.prefix(40)))
        let known = snapshot.commit.map { "@\($0.hex)" } ?? ""
        let evidence = Evidence(
            kind: .verification, outcome: .warned, manifest: manifest.digest, producer: registry.testerBuild,
            summary:
                "unattested origin: imported on \(Timestamp.now.minutes), and upstream did not vouch for the bytes "
                + "(\(reason)); 'lapidary mirror \(snapshot.repository)\(known)' compares them when it can")
        let record = try await registry.catalog.record(
            snapshot.repository, commit: commit, upstream: registry.upstream.endpoint, card: ModelCard(),
            leftOut: leftOut, manifest: manifest, evidence: [evidence])
        return (record, manifest)
    }

    private func take(
        _ path: RepositoryPath, _ location: String, _ registry: Registry
    ) async throws -> (FileEntry, IngestFile) {
        let (snapshot, blobs) = (snapshot, registry.blobs)
        return try await blocking {
            guard let size = Self.size(location) else {
                throw OperationError.invalid("\(location.printable) cannot be read")
            }
            // The part's name only has to be its own.
            let name = ContentDigests.gitObject(of: Array("import \(path) \(size)".utf8))
            let label = "\(snapshot.repository)/\(path)"
            let part = try blobs.ingest(
                label, of: snapshot.repository.description, size: size, sha256: nil, gitObject: name)
            guard try part.fill(from: location, sharing: snapshot.isImmutable) != nil else {
                throw OperationError.invalid("\(location.printable) changes while it is read: try again")
            }
            let found = try part.identify()
            let isLFS = Selection.isWeight(path.text)
            let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:\(found.sha256.hex)\nsize \(size)\n"
            let git = isLFS ? ContentDigests.gitObject(of: Array(pointer.utf8)) : found.gitObject ?? name
            return (FileEntry(path: path, size: size, gitObject: git, isLFS: isLFS, digest: found.sha256), part)
        }
    }

    private static func size(_ location: String) -> Int64? { BlobStore.fileSize(location) }
}
