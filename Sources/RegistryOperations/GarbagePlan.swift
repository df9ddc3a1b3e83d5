import RegistryCatalog
import RegistryCore
import RegistryPolicy
import RegistryStorage

/// What is kept for nothing at one moment.
struct GarbagePlan {
    private(set) var items: [GarbageItem] = []
    /// Blobs that are due.
    private(set) var blobs: [(digest: SHA256Digest, item: GarbageItem)] = []
    /// Files outside the blobs that are due.
    private(set) var files: [(stored: StoredItem, item: GarbageItem)] = []

    private static let day: Int64 = 86_400
    /// A fetch that was stopped goes on from its parts; after a week nobody is coming back for them.
    private static let partAge = 7 * day
    /// Longer than any smoke test may take.
    private static let viewAge = 2 * day

    static func read(
        _ registry: Registry, _ expired: [(snapshot: SnapshotRecord, reason: String)], grace: Int64, purge: Bool
    ) async throws -> GarbagePlan {
        var plan = GarbagePlan()
        let catalog = registry.catalog
        let expiring = Set(expired.map(\.snapshot.id))
        let unnamed = try await catalog.unnamedBlobs(without: expiring)
        let unnamedNow = Set(try await catalog.unnamedBlobs(without: []).keys)
        var won = unnamedNow
        for (snapshot, reason) in expired {
            let own = try await catalog.files(of: snapshot.id).map(\.digest).filter { unnamed[$0] != nil }
            let bytes = Set(own).subtracting(won).reduce(0 as Int64) {
                $0.addingReportingOverflow(unnamed[$1] ?? 0).partialValue
            }
            won.formUnion(own)
            plan.items.append(
                GarbageItem(
                    kind: .expired, name: "\(snapshot.repository)@\(snapshot.commit.short)", bytes: bytes,
                    note: "by retention: \(reason)", isDue: grace == 0))
        }

        let removals = try await catalog.removals()
        let stored = try await blocking { [blobs = registry.blobs] in
            (
                blobs: blobs.allBlobs(), ingest: blobs.ingestItems(), quarantine: blobs.quarantineItems(),
                trash: blobs.trashItems()
            )
        }
        for blob in stored.blobs { plan.add(blob.digest, blob.size, blob.age, removals, unnamedNow, grace) }
        for item in stored.ingest {
            let isView = item.path.hasPrefix("ingest/view-")
            plan.add(
                item, .part, after: isView ? viewAge : partAge, isView ? "left by a test" : "nobody came back for it")
        }
        let retention = registry.policy.retention
        for item in stored.quarantine {
            plan.add(item, .quarantined, after: Int64(retention.quarantineDays) * day, "was not right")
        }
        for item in stored.trash {
            plan.add(item, .trash, after: purge ? 0 : Int64(retention.trashDays) * day, "nothing names it")
        }
        return plan
    }

    private mutating func add(
        _ digest: SHA256Digest, _ size: Int64, _ age: Int64, _ removals: [SHA256Digest: Timestamp?],
        _ unnamed: Set<SHA256Digest>, _ grace: Int64
    ) {
        let kind: GarbageItem.Kind
        var idle = age
        let note: String
        switch removals[digest] {
        case nil: (kind, note) = (.orphan, "the catalogue does not know it")
        case .some(nil):
            guard unnamed.contains(digest) else { return }
            (kind, note, idle) = (.released, "no snapshot names it", 0)
        case .some(.some(let since)):
            (kind, note) = (.released, "no kept snapshot names it")
            idle = since.secondsAgo
        }
        let isDue = idle >= grace
        let item = GarbageItem(
            kind: kind, name: "\(digest)", bytes: size, note: note + (isDue ? "" : Self.wait(grace - idle)),
            isDue: isDue)
        items.append(item)
        if isDue { blobs.append((digest, item)) }
    }

    private mutating func add(_ stored: StoredItem, _ kind: GarbageItem.Kind, after limit: Int64, _ note: String) {
        let isDue = stored.age >= limit
        // Parts are what running fetches are made of: none of anybody's business before their time.
        if kind == .part, !isDue { return }
        let item = GarbageItem(
            kind: kind, name: stored.path, bytes: stored.size,
            note: note + (isDue ? "" : Self.wait(limit - stored.age)),
            isDue: isDue)
        items.append(item)
        if isDue { files.append((stored, item)) }
    }

    private static func wait(_ seconds: Int64) -> String {
        seconds > 2 * day ? "; stays \(seconds / day) days more" : "; stays \((seconds + 3599) / 3600) hours more"
    }
}

extension Registry {
    /// Takes away what a plan lists as due, after one more look at each blob.
    /// - Returns: the plan's items, without those that came to be needed meanwhile.
    func sweep(_ plan: GarbagePlan, purge: Bool) async throws -> [GarbageItem] {
        var kept: Set<String> = []
        var rest = plan.blobs[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(64))
            rest = rest.dropFirst(64)
            kept.formUnion(try await sweep(batch.map(\.digest)).map { "\($0)" })
        }
        for (stored, _) in plan.files {
            try Task.checkCancellation()
            try await blocking { [blobs] in blobs.remove(stored) }
        }
        if purge || policy.retention.trashDays == 0 {
            try await blocking { [blobs] in for item in blobs.trashItems() { blobs.remove(item) } }
        }
        return plan.items.filter { !kept.contains($0.name) }
    }

    /// - Returns: the blobs that stay: held by an ingest, or named again.
    private func sweep(_ digests: [SHA256Digest]) async throws -> [SHA256Digest] {
        try await publication.hold {
            let free = digests.filter { !holds.contains($0) }
            // After the holds: a hold ends only when the row says that the blob is kept.
            let removals = try await catalog.removals(of: free)
            let due = free.filter { removals[$0] != .some(nil) }
            try await blocking { [blobs] in for digest in due { try blobs.discard(digest) } }
            return digests.filter { !due.contains($0) }
        }
    }
}
