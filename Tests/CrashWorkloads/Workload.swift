import GRDB
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryStorage
import SampleHub

/// One thing that a registry does, small enough to be killed at every call.
package enum Workload: String, CaseIterable, Sendable {
    /// A folder's first opening: folders, key, catalogue.
    case start
    /// The same, and a first file.
    case first
    /// Files into the store, one by one.
    case put
    /// Bytes that are not what was announced.
    case mismatch
    /// So many at once that they are synced together.
    case batch
    /// A large file in pieces, out of order.
    case pieces
    /// The same, until the connection breaks.
    case interrupt
    /// The rest of it, from what is on record.
    case resume
    /// Two commits of a repository, one after the other: record, evidence, decision.
    case promote
    /// A snapshot that policy refuses: its bytes go.
    case refuse
    /// A model from an upstream, as `lapidary mirror` brings it.
    case mirror
    /// Another registry's storage.
    case bringIn = "import"
    /// A snapshot is pinned, and another revoked.
    case pin
    /// SQLite moves its log into the database, and begins it anew.
    case checkpoint
    /// What no snapshot names goes through the trash, and for good.
    case collect = "gc"
    /// Every blob is hashed at rest.
    case scrub
    /// One of them has gone bad: it goes to quarantine, and comes from upstream again.
    case repair

    /// What has happened in the folder before.
    package var before: [Workload] {
        switch self {
        case .start, .first: []
        case .resume: [.start, .interrupt]
        case .refuse, .scrub, .pin, .checkpoint: [.start, .promote]
        case .collect: [.start, .promote, .put, .batch]
        case .repair: [.start, .mirror]
        default: [.start]
        }
    }

    /// Whether the folder has another registry's storage to import.
    package var needsSource: Bool { self == .bringIn }
    /// Whether a blob goes bad before it begins.
    package var needsSpoiltBlob: Bool { self == .repair }

    /// Runs with a hub to mirror from where that is needed, else with an upstream that nobody reaches.
    func withUpstream<Value: Sendable>(
        at place: Place, _ body: @escaping @Sendable (String) async throws -> Value
    ) async throws -> Value {
        guard self == .mirror || self == .repair else { return try await body("http://127.0.0.1:1") }
        let hub = try await blocking { try SampleHub(folder: place.hub) }
        return try await hub.whileRunning(body)
    }

    /// - Parameter promise: hears what is promised, as soon as it is.
    func perform(in registry: Registry, at place: Place, promise: @escaping @Sendable (Promise) -> Void) async throws {
        promise(.token(registry.adminToken.reveal()))
        switch self {
        case .start: break
        case .first: try await put([Sample.config], in: registry, promise)
        case .mismatch: try await mistake(Sample.few[1], in: registry, promise)
        case .put:
            for sample in Sample.few { try await put([sample], in: registry, promise) }
        case .batch: try await put(Sample.many, in: registry, promise)
        case .pieces: try await fetch([2, 0, 3, 1], in: registry, promise)
        case .interrupt:
            do {
                try await fetch([0, 2], in: registry, promise)
            } catch is Broken {}
            promise(.recorded(bytes(in: registry)))
        case .resume: try await fetch([3, 1, 0, 2], in: registry, promise)
        case .promote:
            try await promote(Sample.few + [Sample.config], in: registry, promise)
            try await promote(Sample.few.dropLast() + [Sample.config, Sample.many[0]], in: registry, promise)
        case .refuse: try await refuse([Sample.config, Sample.many[1]], in: registry, promise)
        case .collect:
            // Said before it is done: from here on nobody may count on them.
            for sample in Sample.many.dropFirst() { promise(.gone(sample.digest)) }
            _ = try await CollectGarbage(graceHours: 0).perform(in: registry, report: { _ in })
            _ = try await CollectGarbage(graceHours: 0, purge: true).perform(in: registry, report: { _ in })
        case .scrub: _ = try await Scrub().perform(in: registry, report: { _ in })
        case .repair:
            let answer = try await Scrub().perform(in: registry, report: { _ in })
            for finding in answer.findings {
                guard finding.isRight else { throw CrashFinding("\(finding.digest.short): \(finding.outcome)") }
                promise(.blob(finding.digest))
            }
        case .mirror:
            let order = Mirror(repository: try RepositoryID("sample/gemma-3-tiny-it"), revision: .main)
            let answer = try await order.perform(in: registry, report: { _ in })
            guard answer.exitCode == 0 else { throw CrashFinding("mirror: \(answer.rule): \(answer.reason)") }
            promise(.served(answer.repository, answer.commit))
        case .pin: try await pinAndRevoke(in: registry, promise)
        case .checkpoint:
            try await pinAndRevoke(in: registry, promise)
            try checkpoint(registry.blobs.layout.database)
            try await promote([Sample.config, Sample.many[2]], in: registry, promise)
        case .bringIn:
            let order = Import(path: place.source, repository: nil, commit: nil, offline: true)
            for row in try await order.perform(in: registry, report: { _ in }).rows {
                guard row.state != .failed, let commit = row.commit else {
                    throw CrashFinding("import: \(row.reason)")
                }
                promise(.known(row.repository, commit))
            }
        }
    }

    private func put(
        _ samples: [Sample], of repository: String = Sample.repository, in registry: Registry,
        _ promise: @escaping @Sendable (Promise) -> Void
    ) async throws {
        try await blocking { [blobs = registry.blobs] in
            try blobs.publish(samples.map { try proven($0, of: repository, in: blobs) })
        }
        for sample in samples { promise(.blob(sample.digest)) }
    }

    /// As a fetch has it: what an earlier attempt left may have gone bad, and is then brought once more, from zero.
    private func proven(_ sample: Sample, of repository: String, in blobs: BlobStore) throws -> IngestFile {
        let file = try sample.ingest(in: blobs, of: repository)
        let isResumed = file.count > 0
        try file.take(sample, in: file.missing)
        do {
            _ = try file.verify(expecting: sample.digest, gitObject: sample.gitObject)
            return file
        } catch StorageError.mismatch where isResumed {
            return try proven(sample, of: repository, in: blobs)
        }
    }

    private func mistake(
        _ sample: Sample, in registry: Registry, _ promise: @escaping @Sendable (Promise) -> Void
    ) async throws {
        try await blocking { [blobs = registry.blobs] in
            let file = try sample.ingest(in: blobs)
            try Array(sample.bytes.reversed()).withUnsafeBytes { try file.write($0, at: 0) }
            do {
                _ = try file.verify(expecting: sample.digest, gitObject: sample.gitObject)
                throw CrashFinding("wrong bytes were taken for right")
            } catch StorageError.mismatch {
                promise(.kept(sample.digest))
            }
        }
    }

    /// Brings quarters of the large file, those of them that are missing.
    private func fetch(
        _ quarters: [Int64], in registry: Registry, _ promise: @escaping @Sendable (Promise) -> Void
    ) async throws {
        let sample = Sample.large
        guard !registry.blobs.contains(sample.digest) else { return promise(.blob(sample.digest)) }
        let file = try await blocking { [blobs = registry.blobs] in try sample.ingest(in: blobs) }
        try await file.following {
            try await blocking {
                let tag = "\"v1\""
                if file.validator != tag { try file.restart(validator: tag) }
                for quarter in quarters {
                    let span = quarter * sample.size / 4..<(quarter + 1) * sample.size / 4
                    try file.take(
                        sample, in: file.missing.map { $0.clamped(to: span) }.filter { !$0.isEmpty })
                }
                if !file.missing.isEmpty { throw Broken() }
            }
        }
        try await blocking { [blobs = registry.blobs] in
            _ = try file.verify(expecting: sample.digest, gitObject: nil)
            try blobs.publish([file])
        }
        promise(.blob(sample.digest))
    }

    /// Bytes of the large file that are here for good.
    private func bytes(in registry: Registry) -> Int64 { Promise.bytes(of: .large, in: registry.blobs) }

    private func promote(
        _ samples: [Sample], in registry: Registry, _ promise: @escaping @Sendable (Promise) -> Void
    ) async throws {
        let repository = try RepositoryID("crash/promoted")
        let record = try await record(samples, of: repository, in: registry, promise)
        promise(.evidence(repository, record.commit, 2))
        let decision = Decision(findings: [], policy: registry.policy.digest, manifest: record.manifest)
        try await registry.catalog.decide(decision, on: record, promoting: ["main"])
        promise(.served(repository, record.commit))
    }

    private func checkpoint(_ path: String) throws {
        try DatabaseQueue(path: path).writeWithoutTransaction { _ = try $0.checkpoint(.restart) }
    }

    /// The older of two commits goes, the one that is served stays whatever retention says.
    private func pinAndRevoke(
        in registry: Registry, _ promise: @escaping @Sendable (Promise) -> Void
    ) async throws {
        let repository = try RepositoryID("crash/promoted")
        let snapshots = try await registry.catalog.snapshots(of: repository).suffix(2).map { $0 }
        guard snapshots.count > 1 else { throw CrashFinding("\(snapshots.count) snapshots of \(repository)") }
        let revision = try Revision(snapshots[0].commit.hex)
        _ = try await PinModel(repository: repository, revision: revision, reason: "audited")
            .perform(in: registry, report: { _ in })
        promise(.pinned(repository, snapshots[0].commit))
        if snapshots[1].revocation == nil {
            _ = try await RevokeModel(
                repository: repository, revision: Revision(snapshots[1].commit.hex), reason: "licence withdrawn"
            ).perform(in: registry, report: { _ in })
        }
        promise(.revoked(repository, snapshots[1].commit))
    }

    private func refuse(
        _ samples: [Sample], in registry: Registry, _ promise: @escaping @Sendable (Promise) -> Void
    ) async throws {
        let repository = try RepositoryID("crash/refused")
        let record = try await record(samples, of: repository, in: registry, { _ in })
        let finding = Finding(rule: "licences", effect: .refuse, message: "not allowed")
        let decision = Decision(findings: [finding], policy: registry.policy.digest, manifest: record.manifest)
        try await registry.catalog.decide(decision, on: record, promoting: ["main"])
        promise(.refused(repository, record.commit))
        for digest in try await registry.catalog.releaseBlobs(of: record) {
            try await blocking { [blobs = registry.blobs] in try blobs.remove(digest) }
            promise(.gone(digest))
        }
    }

    private func record(
        _ samples: [Sample], of repository: RepositoryID, in registry: Registry,
        _ promise: @escaping @Sendable (Promise) -> Void
    ) async throws -> SnapshotRecord {
        let here = registry.blobs
        try await put(
            samples.filter { !here.contains($0.digest) }, of: repository.description, in: registry, promise)
        let manifest = Manifest(try samples.map { try $0.entry })
        let commit = try CommitID(String(manifest.digest.hex.prefix(40)))
        let evidence = [Evidence.Kind.verification, .inspection].map {
            Evidence(kind: $0, outcome: .passed, manifest: manifest.digest, producer: "crash", summary: "in order")
        }
        let record = try await registry.catalog.record(
            repository, commit: commit, upstream: "http://hub.test", card: ModelCard(), leftOut: [],
            manifest: manifest, evidence: [evidence[0]])
        promise(.known(repository, commit))
        try await registry.catalog.append(evidence[1], to: record.id)
        return record
    }
}

/// The connection that breaks.
private struct Broken: Error {}

extension IngestFile {
    fileprivate func take(_ sample: Sample, in ranges: [Range<Int64>]) throws {
        for range in ranges {
            // As deliveries come: in pieces that are no multiple of a page.
            for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20 + 1_000) {
                let end = min(start + 1 << 20 + 1_000, range.upperBound)
                try sample.bytes.withUnsafeBytes { try write(.init(rebasing: $0[Int(start)..<Int(end)]), at: start) }
            }
        }
    }
}
