import Foundation
package import RegistryCore

extension HubClient {
    private static let pageLimit = 1000
    private static let entryLimit = 200_000
    private static let pageSizeLimit = 64 << 20

    /// Every file of a commit, sorted by path.
    ///
    /// Refuses a tree with a path that ``RepositoryPath`` does not accept, or in which two paths could become one file
    /// on some machine that pulls it (reliability B2, B9).
    ///
    /// - Parameter told: called for each page of it.
    /// - Throws: ``UpstreamError``; `CancellationError`.
    package func tree(
        of repository: RepositoryID, at commit: CommitID, page told: @Sendable () -> Void = {}
    ) async throws -> [UpstreamFile] {
        let subject = Subject(repository: repository, revision: commit.hex)
        var page: WebAddress? = try address("/api/models/\(repository)/tree/\(commit.hex)?recursive=true&expand=false")
        var entries = 0
        var files: [UpstreamFile] = []
        for _ in 0..<Self.pageLimit {
            guard let current = page else { return try checked(files, of: repository) }
            let (answer, head) = try await persistently {
                let receiver = MemoryReceiver(limit: Self.pageSizeLimit, home: home)
                let head = try await follow(current, about: subject, to: receiver)
                return (try receiver.decode([TreeEntry].self, of: "tree of \(repository)"), head)
            }
            told()
            entries += answer.count
            guard entries <= Self.entryLimit else {
                throw violation(repository, expected: "at most \(Self.entryLimit) entries", got: "more")
            }
            for entry in answer where entry.type != "directory" { files.append(try file(entry, of: repository)) }
            page = try nextPage(after: current, head, of: repository)
        }
        throw violation(repository, expected: "at most \(Self.pageLimit) pages", got: "more")
    }

    private func nextPage(
        after page: WebAddress, _ head: ResponseHead, of repository: RepositoryID
    ) throws(UpstreamError) -> WebAddress? {
        guard let link = head.nextPage else { return nil }
        // The token would not follow to another origin, and its tree would be somebody else's.
        guard let next = try? page.resolving(link), next.origin == home.origin else {
            throw violation(repository, expected: "a next page at \(home.origin)", got: link)
        }
        return next
    }

    private func file(_ entry: TreeEntry, of repository: RepositoryID) throws -> UpstreamFile {
        func wrong(_ expected: String, _ got: String) -> UpstreamError {
            violation(repository, expected: expected, got: "\(got) for '\(entry.path.printable)'")
        }
        guard entry.type == "file" else { throw wrong("files and directories", "'\(entry.type)'") }
        // 16 TiB: the sum over the 200,000 entries that a tree may have then fits its type.
        guard (0...(1 << 44)).contains(entry.size) else { throw wrong("a size up to 16 TiB", "\(entry.size)") }
        if let lfs = entry.lfs, lfs.size != entry.size {
            throw wrong("one size", "\(entry.size) and \(lfs.size)")
        }
        do {
            return UpstreamFile(
                path: try RepositoryPath(entry.path), size: entry.size, gitObject: try GitObjectID(entry.oid),
                lfsDigest: try entry.lfs.map { try SHA256Digest($0.oid) })
        } catch let error as InvalidName {
            throw violation(repository, expected: "valid names", got: "\(error)")
        }
    }

    private func checked(_ files: [UpstreamFile], of repository: RepositoryID) throws(UpstreamError) -> [UpstreamFile] {
        var owners: [[UInt8]: RepositoryPath] = [:]
        for file in files {
            if let twin = owners.updateValue(file.path, forKey: file.path.text.folded) {
                throw violation(repository, expected: "distinct paths", got: "'\(twin)' and '\(file.path)'")
            }
        }
        for file in files {
            let folded = file.path.text.folded
            for slash in folded.indices where folded[slash] == UInt8(ascii: "/") {
                guard let twin = owners[Array(folded[..<slash])] else { continue }
                throw violation(
                    repository, expected: "distinct paths", got: "file '\(twin)' and '\(file.path)' inside it")
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    private func violation(_ repository: RepositoryID, expected: String, got: String) -> UpstreamError {
        .protocolViolation("tree of \(repository)", expected: expected, got: got)
    }
}

/// An entry of `/api/models/{repo}/tree/{rev}` (hub-protocol 3.2).
private struct TreeEntry: Decodable, Sendable {
    let type: String
    let oid: String
    let size: Int64
    let path: String
    let lfs: LFS?

    struct LFS: Decodable, Sendable {
        /// SHA-256; the entry's own `oid` is then the pointer's.
        let oid: String
        let size: Int64
    }
}

extension String {
    /// Equal where a file system that ignores case or composes Unicode would see one name. Upper-casing first also
    /// merges what has no single lower case: `ß` and `ss`, the Kelvin sign and `k`.
    fileprivate var folded: [UInt8] {
        Array(uppercased().lowercased().precomposedStringWithCanonicalMapping.utf8)
    }
}
