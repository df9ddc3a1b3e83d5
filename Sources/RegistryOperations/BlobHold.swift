import RegistryCatalog
import RegistryCore
import RegistryStorage
import Synchronization

/// The blobs that work under way relies on or is about to name: nobody takes them away, whatever the catalogue says.
///
/// Held from before the first look at a blob (or before it is published) until its snapshot's row is written. Released
/// when the last reference goes, at the latest; a crash releases everything, and ends the work that relied on it.
final class BlobHold: Sendable {
    private let holds: BlobHolds
    private let digests = Mutex<[SHA256Digest]>([])

    init(_ holds: BlobHolds) { self.holds = holds }

    deinit { release() }

    fileprivate func add(_ added: [SHA256Digest]) {
        digests.withLock { $0 += added }
        holds.add(added)
    }

    func release() {
        holds.remove(
            digests.withLock { held in
                defer { held = [] }
                return held
            })
    }
}

/// All holds of this process.
final class BlobHolds: Sendable {
    private let counts = Mutex<[SHA256Digest: Int]>([:])

    func contains(_ digest: SHA256Digest) -> Bool { counts.withLock { $0[digest] != nil } }

    fileprivate func add(_ digests: [SHA256Digest]) {
        counts.withLock { counts in for digest in digests { counts[digest, default: 0] += 1 } }
    }

    fileprivate func remove(_ digests: [SHA256Digest]) {
        counts.withLock { counts in
            for digest in digests {
                let rest = (counts[digest] ?? 0) - 1
                counts[digest] = rest > 0 ? rest : nil
            }
        }
    }
}

extension Registry {
    /// Adds blobs to a hold: when this returns, whoever was taking one of them away has done so, and nobody begins.
    /// Look whether a blob is here after this, never before.
    func hold(_ digests: [SHA256Digest], in hold: BlobHold) async throws {
        try await publication.hold { hold.add(digests) }
    }

    /// Takes bytes away at once that a refusal let go of; those that somebody holds or names again stay.
    func removeReleased(_ digests: [SHA256Digest]) async throws {
        try await publication.hold {
            let free = digests.filter { !holds.contains($0) }
            // After the holds: a hold ends only when the row says that the blob is kept.
            let removals = try await catalog.removals(of: free)
            try await blocking { [blobs] in
                for digest in free where removals[digest] != .some(nil) { try blobs.remove(digest) }
            }
        }
    }
}
