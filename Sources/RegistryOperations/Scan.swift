import Foundation
package import RegistryCatalog
import RegistryCore

/// Finds the models on this machine and hashes their weights: Hugging Face caches, and folders that hold weights.
///
/// Reads only; needs no registry. A file whose bytes another snapshot shares (a cache links them) is hashed once.
package struct Scan: Sendable {
    /// Folders below which models are looked for.
    package let folders: [String]

    package init(folders: [String]) { self.folders = folders }

    /// Where the Hugging Face libraries keep their cache for this environment.
    package static func huggingFaceCache(_ environment: [String: String]) -> String {
        if let cache = environment["HF_HUB_CACHE"] ?? environment["HUGGINGFACE_HUB_CACHE"] { return cache }
        let home =
            environment["HF_HOME"] ?? "\(environment["XDG_CACHE_HOME"] ?? "\(NSHomeDirectory())/.cache")/huggingface"
        return "\(home)/hub"
    }

    package func run(report: @escaping Report) async throws -> [SeenModel] {
        try await blocking {
            var hashed: [String: SeenModel.Weight] = [:]
            return try folders.flatMap { try models(below: $0, &hashed, report) }
        }
    }

    private func models(
        below folder: String, _ hashed: inout [String: SeenModel.Weight], _ report: Report
    ) throws -> [SeenModel] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw OperationError.invalid("\(folder) is not a folder that can be scanned")
        }
        // Symbolic links to files are followed (a cache consists of them), links to folders are not.
        let root = URL(fileURLWithPath: folder).resolvingSymlinksInPath()
        var weights: [String: [URL]] = [:]
        let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        while let file = walk?.nextObject() as? URL {
            guard Selection.isWeight(file.lastPathComponent) else { continue }
            weights[Self.modelFolder(of: file), default: []].append(file)
        }
        var models: [SeenModel] = []
        for (path, files) in weights.sorted(by: { $0.key < $1.key }) {
            report(.message("hashing \(files.count) files in \(path)"))
            let seen = files.compactMap { Self.hash($0, below: path, &hashed) }
            guard !seen.isEmpty else { continue }
            let (repository, commit) = Self.claim(of: path)
            models.append(SeenModel(path: path, repository: repository, commit: commit, weights: seen))
        }
        return models
    }

    /// In a cache, the snapshot's folder, however deep the file lies in it; elsewhere the folder it lies in.
    private static func modelFolder(of file: URL) -> String {
        let parts = file.deletingLastPathComponent().pathComponents
        if let index = parts.lastIndex(of: "snapshots"), index + 1 < parts.count, index > 0,
            parts[index - 1].hasPrefix("models--")
        {
            return NSString.path(withComponents: Array(parts[...(index + 1)]))
        }
        return file.deletingLastPathComponent().path
    }

    /// What a folder says that it holds: from a cache's `models--ns--name/snapshots/<commit>`, or from what
    /// `hf download --local-dir` leaves behind.
    private static func claim(of folder: String) -> (repository: String, commit: String) {
        let parts = folder.split(separator: "/").map(String.init)
        if parts.count >= 3, parts[parts.count - 2] == "snapshots", parts[parts.count - 3].hasPrefix("models--") {
            let name = parts[parts.count - 3].dropFirst("models--".count).replacing("--", with: "/", maxReplacements: 1)
            return (String(name), parts[parts.count - 1])
        }
        let notes = "\(folder)/.cache/huggingface/download"
        let note = (try? FileManager.default.contentsOfDirectory(atPath: notes))?.first { $0.hasSuffix(".metadata") }
        let text = note.flatMap { FileManager.default.contents(atPath: "\(notes)/\($0)") }
            .map { String(decoding: $0, as: UTF8.self) }
        return ("", text?.split(separator: "\n").first.flatMap { try? CommitID(String($0)).hex } ?? "")
    }

    /// Nil for what cannot be read: a broken link, a file that vanished.
    private static func hash(
        _ file: URL, below folder: String, _ hashed: inout [String: SeenModel.Weight]
    ) -> SeenModel.Weight? {
        let real = file.resolvingSymlinksInPath().path
        let name = String(file.path.dropFirst(folder.utf8.count + 1))
        if let known = hashed[real] { return SeenModel.Weight(path: name, size: known.size, digest: known.digest) }
        guard let (digest, size) = ContentDigests.ofFile(real) else { return nil }
        let weight = SeenModel.Weight(path: name, size: size, digest: digest)
        hashed[real] = weight
        return weight
    }
}
