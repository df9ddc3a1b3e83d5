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
    case served(RepositoryID, CommitID)
    case refused(RepositoryID, CommitID)
    /// A blob that was let go of.
    case gone(SHA256Digest)

    package var line: String {
        switch self {
        case .token(let text): "token \(text)"
        case .blob(let digest): "blob \(digest.hex)"
        case .recorded(let count): "recorded \(count)"
        case .known(let repository, let commit): "known \(repository) \(commit.hex)"
        case .served(let repository, let commit): "served \(repository) \(commit.hex)"
        case .refused(let repository, let commit): "refused \(repository) \(commit.hex)"
        case .gone(let digest): "gone \(digest.hex)"
        }
    }

    package init(line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("token", 2): self = .token(words[1])
        case ("blob", 2): self = .blob(try SHA256Digest(words[1]))
        case ("gone", 2): self = .gone(try SHA256Digest(words[1]))
        case ("recorded", 2): self = .recorded(Int64(words[1]) ?? 0)
        case ("known", 3): self = .known(try RepositoryID(words[1]), try CommitID(words[2]))
        case ("served", 3): self = .served(try RepositoryID(words[1]), try CommitID(words[2]))
        case ("refused", 3): self = .refused(try RepositoryID(words[1]), try CommitID(words[2]))
        default: throw CrashFinding("no promise: '\(line)'")
        }
    }

    /// - Parameter broken: what a line that was cut off by a kill leaves at the end is nothing that was said.
    package static func all(in text: String) throws -> [Promise] {
        try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
            try Promise(line: String($0))
        }
    }

    /// - Throws: ``CrashFinding`` where it is broken.
    func check(in registry: Registry) async throws {
        let isKept =
            switch self {
            case .token(let text): registry.adminToken.reveal() == text
            case .blob(let digest): registry.blobs.contains(digest)
            case .recorded(let count): Self.bytes(of: .large, in: registry.blobs) >= count
            case .known(let repository, let commit):
                try await registry.catalog.snapshot(repository, Revision(commit.hex)) != nil
            case .served(let repository, let commit):
                try await registry.catalog.snapshot(repository, Revision(commit.hex)).map { canServe($0) == nil }
                    == true
            case .refused(let repository, let commit):
                try await registry.catalog.snapshot(repository, Revision(commit.hex))
                    .map { canServe($0)?.state == .refused } == true
            case .gone(let digest): !registry.blobs.contains(digest)
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
