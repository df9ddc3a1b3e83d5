import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryStorage

/// Something that was said to be done: it must be so after any crash that comes later.
package enum Promise: Sendable, Equatable {
    case token(String)
    case blob(SHA256Digest)
    /// So many bytes of the large file need not be fetched again.
    case recorded(Int64)
    case known(RepositoryID, CommitID)
    /// So many kinds of evidence are on record.
    case evidence(RepositoryID, CommitID, Int)
    case served(RepositoryID, CommitID)
    case refused(RepositoryID, CommitID)
    case pinned(RepositoryID, CommitID)
    case revoked(RepositoryID, CommitID)
    /// Bytes that are not these lie in quarantine.
    case kept(SHA256Digest)
    /// A blob that was let go of; from here on nobody may count on it.
    case gone(SHA256Digest)

    package var line: String {
        switch self {
        case .token(let text): "token \(text)"
        case .blob(let digest): "blob \(digest.hex)"
        case .recorded(let count): "recorded \(count)"
        case .known(let repository, let commit): "known \(repository) \(commit.hex)"
        case .evidence(let repository, let commit, let count): "evidence \(repository) \(commit.hex) \(count)"
        case .served(let repository, let commit): "served \(repository) \(commit.hex)"
        case .refused(let repository, let commit): "refused \(repository) \(commit.hex)"
        case .pinned(let repository, let commit): "pinned \(repository) \(commit.hex)"
        case .revoked(let repository, let commit): "revoked \(repository) \(commit.hex)"
        case .kept(let digest): "kept \(digest.hex)"
        case .gone(let digest): "gone \(digest.hex)"
        }
    }

    package init(line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        func snapshot() throws -> (RepositoryID, CommitID) { (try RepositoryID(words[1]), try CommitID(words[2])) }
        switch (words.first, words.count) {
        case ("token", 2): self = .token(words[1])
        case ("blob", 2): self = .blob(try SHA256Digest(words[1]))
        case ("kept", 2): self = .kept(try SHA256Digest(words[1]))
        case ("gone", 2): self = .gone(try SHA256Digest(words[1]))
        case ("recorded", 2): self = .recorded(Int64(words[1]) ?? 0)
        case ("known", 3): self = try .known(snapshot().0, snapshot().1)
        case ("evidence", 4): self = try .evidence(snapshot().0, snapshot().1, Int(words[3]) ?? 0)
        case ("served", 3): self = try .served(snapshot().0, snapshot().1)
        case ("refused", 3): self = try .refused(snapshot().0, snapshot().1)
        case ("pinned", 3): self = try .pinned(snapshot().0, snapshot().1)
        case ("revoked", 3): self = try .revoked(snapshot().0, snapshot().1)
        default: throw CrashFinding("no promise: '\(line)'")
        }
    }

    /// A line that a kill has cut off is nothing that was said.
    package static func all(in text: String) throws -> [Promise] {
        try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
            try Promise(line: String($0))
        }
    }

    /// - Throws: ``CrashFinding`` where it is broken.
    func check(in registry: Registry) async throws {
        func snapshot(_ repository: RepositoryID, _ commit: CommitID) async throws -> SnapshotRecord? {
            try await registry.catalog.snapshot(repository, Revision(commit.hex))
        }
        let isKept =
            switch self {
            case .token(let text): registry.adminToken.reveal() == text
            case .blob(let digest): registry.blobs.contains(digest)
            case .recorded(let count): Self.bytes(of: .large, in: registry.blobs) >= count
            case .known(let repository, let commit): try await snapshot(repository, commit) != nil
            case .evidence(let repository, let commit, let count):
                try await snapshot(repository, commit).map { $0.evidence.count >= count } == true
            case .served(let repository, let commit):
                try await snapshot(repository, commit).map { canServe($0) == nil } == true
            case .refused(let repository, let commit):
                try await snapshot(repository, commit).map { canServe($0)?.state == .refused } == true
            case .pinned(let repository, let commit): try await snapshot(repository, commit)?.pin != nil
            case .revoked(let repository, let commit): try await snapshot(repository, commit)?.revocation != nil
            case .kept(let digest): registry.blobs.quarantineItems().contains { $0.path.contains(digest.hex) }
            case .gone: true
            }
        guard isKept else { throw CrashFinding("lost: \(line)") }
    }

    static func bytes(of sample: Sample, in store: BlobStore) -> Int64 {
        store.size(of: sample.digest)
            ?? store.countInPart(
                of: Sample.repository, size: sample.size, sha256: sample.digest, gitObject: sample.gitObject)
    }
}

/// What a crash must not do, and did.
package struct CrashFinding: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
