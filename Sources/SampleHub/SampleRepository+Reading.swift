import Foundation
import RegistryCore

extension SampleRepository {
    /// Reads every repository of a hub folder, `{namespace}/{name}/…`, and hashes its files. Blocks on the disk.
    static func all(in folder: String) throws -> [SampleRepository] {
        var settings = try settings(in: folder)
        var repositories: [SampleRepository] = []
        for namespace in try directories(in: folder) {
            for name in try directories(in: "\(folder)/\(namespace)") {
                let id = try RepositoryID("\(namespace)/\(name)")
                let own = settings.removeValue(forKey: id.description) ?? RepositorySettings()
                repositories.append(try SampleRepository(id, at: "\(folder)/\(namespace)/\(name)", own))
            }
        }
        if let stray = settings.filter({ $0.value.movedTo == nil }).keys.sorted().first {
            throw SampleHubError(description: "\(folder)/hub.json names \(stray), but there is no folder of that name")
        }
        return repositories
    }

    /// `hub.json` of a hub folder; nothing where there is none.
    static func settings(in folder: String) throws -> HubSettings {
        let path = "\(folder)/hub.json"
        guard let content = FileManager.default.contents(atPath: path) else { return [:] }
        do { return try JSONDecoder().decode(HubSettings.self, from: content) } catch {
            throw SampleHubError(description: "\(path) is not a map of repositories to settings: \(error)")
        }
    }

    private static func directories(in folder: String) throws -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw SampleHubError(
                description: "sample hub folder \(folder) cannot be read; expected namespace/name folders in it")
        }
        return names.filter { name in
            var isDirectory: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isDirectory)
            return exists && isDirectory.boolValue && !name.hasPrefix(".") && !name.hasPrefix("_")
        }
    }

    init(_ id: RepositoryID, at folder: String, _ settings: RepositorySettings) throws {
        func text(_ path: String) -> String {
            FileManager.default.contents(atPath: "\(folder)/\(path)").map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        let attributes = GitAttributes(text(".gitattributes"))
        var files: [SampleFile] = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: folder) {
            let location = "\(folder)/\(path)"
            let type = try FileManager.default.attributesOfItem(atPath: location)[.type] as? FileAttributeType
            guard type == .typeRegular else { continue }
            let announced = try settings.announced?[path].map { try SHA256Digest($0.sha256) }
            guard announced == nil || attributes.isLFS(path) else {
                throw SampleHubError(description: "hub.json announces a SHA-256 for \(id)/\(path), which is not in LFS")
            }
            files.append(try SampleFile(path, at: location, isLFS: attributes.isLFS(path), announced: announced))
        }
        files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }

        let trees = GitObjects.trees(Self.nodes(files.map { ($0.path.split(separator: "/"), $0.gitObject) }))
        let moment = settings.lastModified ?? settings.created ?? Self.untouched
        let date = try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(moment)
        guard let date else { throw SampleHubError(description: "hub.json: '\(moment)' of \(id) is no such moment") }
        guard let root = trees[""],
            let commit = GitObjects.commit(tree: root, seconds: Int64(date.timeIntervalSince1970), message: "\(id)")
        else { throw SampleHubError(description: "libcrypto offers no SHA-1") }

        let config = (try? JSONDecoder().decode([String: JSON].self, from: Data(text("config.json").utf8))) ?? [:]
        self.id = id
        self.files = files
        self.settings = settings
        self.commit = try CommitID(commit.hex)
        directories = trees.filter { $0.key != "" }.map { (path: $0.key, tree: $0.value) }
            .sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        card = FrontMatter.parse(text("README.md"))
        self.config = config.filter { ["architectures", "model_type", "quantization_config"].contains($0.key) }
    }

    private static func nodes(_ files: [(path: [Substring], id: GitObjectID)]) -> [String: GitObjects.Node] {
        var nodes: [String: GitObjects.Node] = [:]
        for (name, group) in Dictionary(grouping: files, by: { $0.path.first ?? "" }) {
            if let file = group.first, file.path.count == 1 {
                nodes[String(name)] = .file(file.id)
            } else {
                nodes[String(name)] = .directory(Self.nodes(group.map { (Array($0.path.dropFirst()), $0.id) }))
            }
        }
        return nodes
    }
}

extension SampleFile {
    init(_ path: String, at location: String, isLFS: Bool, announced: SHA256Digest?) throws {
        guard let handle = FileHandle(forReadingAtPath: location) else {
            throw SampleHubError(description: "\(location) cannot be read")
        }
        defer { try? handle.close() }
        let size = Int64(clamping: try handle.seekToEnd())
        try handle.seek(toOffset: 0)
        let digests = ContentDigests(size: size)
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
            chunk.withUnsafeBytes(digests.update)
        }
        let (digest, blob) = digests.finish()

        self.path = path
        self.location = location
        self.size = size
        lfs = isLFS ? LFS(announced ?? digest, size: size) : nil
        let pointer = isLFS ? Array(LFS.pointer(announced ?? digest, size: size).utf8) : []
        gitObject = isLFS ? ContentDigests.gitObject(of: pointer) : blob ?? ContentDigests.gitObject(of: [])
    }
}
