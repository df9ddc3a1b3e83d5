import Foundation
import RegistryCatalog
import RegistryCore

/// What lies at a path that somebody wants to import, and what repositories are in it.
enum ImportPlace {
    /// - Parameters:
    ///   - name: what a plain folder's files are; only for a plain folder.
    ///   - commit: of a plain folder; elsewhere it picks one.
    /// - Throws: ``OperationError/invalid(_:)`` where nothing can be imported from there. Blocking.
    static func snapshots(
        at path: String, as name: RepositoryID?, commit: CommitID?
    ) throws -> [LocalSnapshot] {
        guard let root = FolderReading.real(path) else {
            throw OperationError.invalid("\(path.printable): there is no such folder")
        }
        let entries = try contents(of: root)
        if entries.contains("registry.sqlite"), entries.contains("blobs") {
            return try named(name, commit, path, storage(root))
        }
        if let single = try cachedRepository((root as NSString).lastPathComponent) {
            return try named(
                name, commit, path, cache(root, single, within: (root as NSString).deletingLastPathComponent))
        }
        // HF_HOME holds the cache as `hub`.
        for hub in [root, "\(root)/hub"] {
            let cached = ((try? contents(of: hub)) ?? []).filter { $0.hasPrefix("models--") }.sorted()
            guard !cached.isEmpty else { continue }
            let all = try cached.flatMap { folder in
                try cachedRepository(folder).map { try cache("\(hub)/\(folder)", $0, within: hub) } ?? []
            }
            return try named(name, commit, path, all)
        }
        guard let name else {
            throw OperationError.invalid(
                "\(path.printable) is no cache of Hugging Face's clients and no registry's storage: say what its files "
                    + "are with --as NAMESPACE/NAME[@COMMIT]")
        }
        let reading = FolderReading(root, within: root)
        guard !reading.files.isEmpty else { throw OperationError.invalid("\(path.printable) holds no files") }
        return [
            LocalSnapshot(
                repository: name, commit: commit ?? downloadedCommit(root), files: reading.files, isImmutable: false,
                passedOver: reading.passedOver)
        ]
    }

    private static func contents(of folder: String) throws -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            throw OperationError.invalid("\(folder.printable) cannot be read as a folder")
        }
    }

    /// A cache names its repositories itself; whoever names one picks it.
    private static func named(
        _ name: RepositoryID?, _ commit: CommitID?, _ path: String, _ all: [LocalSnapshot]
    ) throws -> [LocalSnapshot] {
        let picked = all.filter { (name ?? $0.repository) == $0.repository && (commit ?? $0.commit) == $0.commit }
        guard !picked.isEmpty else {
            let wanted = name.map { " of \($0)\(commit.map { "@\($0.short)" } ?? "")" } ?? ""
            throw OperationError.invalid("\(path.printable) holds no snapshot\(wanted)")
        }
        return picked
    }

    /// `models--google--gemma-3-1b-it`; a name may hold `--` itself, a namespace of the Hub may not.
    private static func cachedRepository(_ folder: String) throws -> RepositoryID? {
        guard folder.hasPrefix("models--") else { return nil }
        let rest = folder.dropFirst("models--".count)
        guard let middle = rest.range(of: "--") else { return nil }
        return try? RepositoryID("\(rest[..<middle.lowerBound])/\(rest[middle.upperBound...])")
    }

    /// Every commit that a client has cached of one repository.
    private static func cache(
        _ folder: String, _ repository: RepositoryID, within fence: String
    ) throws -> [LocalSnapshot] {
        let commits = ((try? contents(of: "\(folder)/snapshots")) ?? []).sorted()
        return commits.compactMap { name in
            guard let commit = try? CommitID(name) else { return nil }
            let reading = FolderReading("\(folder)/snapshots/\(name)", within: fence)
            guard !reading.files.isEmpty else { return nil }
            return LocalSnapshot(
                repository: repository, commit: commit, files: reading.files, isImmutable: true,
                passedOver: reading.passedOver)
        }
    }

    /// What another Lapidary has.
    private static func storage(_ root: String) throws -> [LocalSnapshot] {
        try ForeignCatalog(path: "\(root)/registry.sqlite").snapshots().compactMap { foreign in
            var files: [RepositoryPath: String] = [:]
            var missing: [String] = []
            for (path, digest) in foreign.files {
                let place = "\(root)/blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)"
                if FileManager.default.fileExists(atPath: place) {
                    files[path] = place
                } else {
                    missing.append("\(path): \(foreign.repository)@\(foreign.commit.short) lacks it there")
                }
            }
            return files.isEmpty
                ? nil
                : LocalSnapshot(
                    repository: foreign.repository, commit: foreign.commit, files: files, isImmutable: true,
                    passedOver: missing)
        }
    }

    /// The commit that `hf download --local-dir` notes beside each file, where all of them agree.
    private static func downloadedCommit(_ root: String) -> CommitID? {
        let folder = "\(root)/.cache/huggingface/download"
        let notes = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let commits = notes.prefix(10_000).filter { $0.hasSuffix(".metadata") }.map { note -> CommitID? in
            let text = FileManager.default.contents(atPath: "\(folder)/\(note)").map {
                String(decoding: $0, as: UTF8.self)
            }
            return text?.split(separator: "\n").first.flatMap { try? CommitID(String($0)) }
        }
        guard let first = commits.first, commits.allSatisfy({ $0 == first }) else { return nil }
        return first
    }
}
