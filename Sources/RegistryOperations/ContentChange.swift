import Foundation
import ModelFormats
import RegistryCatalog
import RegistryCore
import RegistryStorage
import RegistryUpstream

/// What is different between the snapshot that `main` means here and another commit of the same repository: files that
/// kept their names, and what is in them.
struct ContentChange: Sendable {
    /// Heads of weight files are read up to here.
    private static let headLimit = 64 << 20

    let registry: Registry
    let repository: RepositoryID
    let from: SnapshotRecord
    let old: [FileEntry]

    init?(of repository: RepositoryID, to commit: CommitID, in registry: Registry) async throws {
        guard let main = try await registry.catalog.snapshot(repository, .main), main.commit != commit else {
            return nil
        }
        self.registry = registry
        self.repository = repository
        from = main
        old = try await registry.catalog.files(of: main.id)
    }

    /// What the heads of changed weight files say, before any of them is fetched.
    func heads(of files: [UpstreamFile], at commit: CommitID, _ hub: HubClient) async throws -> [String] {
        var lines: [String] = []
        for (before, file) in changed(files) {
            do {
                let words = try await compare(before, file, at: commit, hub)
                lines.append("\(file.path): \(words.joined(separator: "; "))")
            } catch let error as ModelFormatError {
                lines.append("\(file.path): its head cannot be read: \(error)")
            } catch let error as StorageError {
                lines.append("\(file.path): not compared: \(error)")
            }
        }
        return lines
    }

    /// Weight files whose bytes are others than those that they had under that name.
    func changed(_ files: [UpstreamFile]) -> [(before: FileEntry, file: UpstreamFile)] {
        files.filter { Selection.isWeight($0.path.text) }.compactMap { file in
            guard let before = old.first(where: { $0.path == file.path }), before.digest != file.lfsDigest else {
                return nil
            }
            return (before, file)
        }
    }

    private func compare(
        _ before: FileEntry, _ file: UpstreamFile, at commit: CommitID, _ hub: HubClient
    ) async throws -> [String] {
        var count = 1 << 20
        while true {
            let bytes = try await hub.beginning(of: file, count: count, of: repository, at: commit)
            let isAll = Int64(bytes.count) == file.size
            do {
                return try await blocking { [registry] in
                    let old = try WeightHead(reading: registry.readable(before))
                    return try registry.withHead(bytes, of: file) { try WeightHead(reading: $0).changes(since: old) }
                }
            } catch let error as ModelFormatError {
                // What is beyond the bytes that came reads as zeros: the head may only be longer.
                guard !isAll, count < Self.headLimit else { throw error }
                count *= 8
            }
        }
    }

    /// What is different now that both are here.
    func summary(of manifest: Manifest) async throws -> [String] {
        var lines: [String] = []
        let before = Dictionary(old.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in manifest.entries {
            guard let was = before[entry.path], was.digest != entry.digest else { continue }
            let (was2, registry) = (was, registry)
            let words = try await blocking { () -> String in
                do { return try registry.difference(was2, entry) } catch { return "changed (\(error))" }
            }
            lines.append("\(entry.path): \(words)")
        }
        let added = manifest.entries.filter { before[$0.path] == nil }.map(\.path.text)
        let gone = old.filter { entry in !manifest.entries.contains { $0.path == entry.path } }.map(\.path.text)
        if !added.isEmpty { lines.append("new: \(added.prefix(10).joined(separator: ", "))") }
        if !gone.isEmpty { lines.append("gone: \(gone.prefix(10).joined(separator: ", "))") }
        return lines
    }
}

extension Registry {
    fileprivate func readable(_ entry: FileEntry) throws -> ReadableFile {
        try ReadableFile(name: entry.path.text, at: blobs.path(of: entry.digest))
    }

    /// A file that has the right size, begins with these bytes, and takes no room beyond them.
    fileprivate func withHead<Value>(
        _ bytes: [UInt8], of file: UpstreamFile, _ body: (ReadableFile) throws -> Value
    ) throws -> Value {
        let path = FileManager.default.temporaryDirectory.path + "/lapidary-head-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        guard truncate(path, off_t(file.size)) == 0 else {
            throw StorageError.failed(operation: "truncate", path: path, errno: errno)
        }
        return try body(ReadableFile(name: file.path.text, at: path))
    }

    fileprivate func difference(_ old: FileEntry, _ new: FileEntry) throws -> String {
        let (before, after) = (try readable(old), try readable(new))
        if Selection.isWeight(new.path.text) {
            let (a, b) = (try WeightHead(reading: before), try WeightHead(reading: after))
            let head = b.changes(since: a).dropFirst(b.hasTensors(of: a) ? 1 : 0)
            guard b.hasTensors(of: a) else { return "weights changed: \(head.joined(separator: "; "))" }
            let changed = try WeightHead.changedTensors(before, after)
            let weights =
                changed.isEmpty
                ? "weights identical, byte for byte"
                : "weights changed: \(changed.count) of \(b.tensors.count) tensors (\(changed.prefix(3).joined(separator: ", "))\(changed.count > 3 ? ", …" : ""))"
            return ([weights] + head).joined(separator: "; ")
        }
        switch (new.path.text.split(separator: "/").last ?? "").lowercased() {
        case "tokenizer.json", "tokenizer.model", "added_tokens.json", "special_tokens_map.json":
            return "tokenizer changed"
        case "chat_template.jinja", "chat_template.json": return "chat template changed"
        case let name where name.hasSuffix(".json"):
            let keys = Self.changedKeys(try before.contents(limit: 64 << 20), try after.contents(limit: 64 << 20))
            return keys.isEmpty ? "changed" : "changed: \(keys.prefix(8).joined(separator: ", "))"
        default: return "changed"
        }
    }

    private static func changedKeys(_ old: [UInt8], _ new: [UInt8]) -> [String] {
        func object(_ bytes: [UInt8]) -> [String: Any]? {
            (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
        }
        func text(_ value: Any?) -> Data? {
            value.flatMap { try? JSONSerialization.data(withJSONObject: [$0], options: [.sortedKeys]) }
        }
        guard let a = object(old), let b = object(new) else { return [] }
        return Set(a.keys).union(b.keys).sorted().filter { text(a[$0]) != text(b[$0]) }
    }
}
