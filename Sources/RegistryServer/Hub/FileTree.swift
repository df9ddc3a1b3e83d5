import RegistryCatalog
import RegistryCore

/// A snapshot's files as the folders that git would make of them.
struct FileTree {
    /// One line of a listing (hub-protocol section 3.2). For an LFS file `oid` is the id of its pointer.
    struct Entry: Encodable, Sendable {
        enum Kind: String, Encodable {
            case file, directory
        }
        struct LFS: Encodable {
            let oid: String
            let size: Int64
            let pointerSize: Int64
        }
        struct Commit: Encodable {
            let id: String
            let title: String
            let date: Timestamp
        }
        let type: Kind
        let oid: String
        let size: Int64
        let path: String
        let lfs: LFS?
        /// Only where `expand` asks for it.
        var lastCommit: Commit?
    }

    /// Every file and every folder, in byte order of their paths.
    let entries: [Entry]
    private let folders: Set<String>

    init(_ files: [FileEntry]) {
        var root = Folder()
        for file in files { root.add(file, file.path.text.split(separator: "/").map(String.init)[...]) }
        var entries: [Entry] = []
        _ = root.list(below: "", into: &entries)
        entries.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.entries = entries
        folders = Set(entries.filter { $0.type == .directory }.map(\.path))
    }

    /// What lies in a folder (nil: the root), with everything below it where `recursive`; nil where there is no such
    /// folder.
    func list(_ folder: RepositoryPath?, recursive: Bool) -> [Entry]? {
        var prefix: [UInt8] = []
        if let folder {
            guard folders.contains(folder.text) else { return nil }
            prefix = Array("\(folder.text)/".utf8)
        }
        return entries.filter { entry in
            guard entry.path.utf8.starts(with: prefix) else { return false }
            return recursive || !entry.path.utf8.dropFirst(prefix.count).contains(UInt8(ascii: "/"))
        }
    }

    func entry(at path: String) -> Entry? { entries.first { $0.path.utf8.elementsEqual(path.utf8) } }

    private struct Folder {
        var files: [(name: String, entry: FileEntry)] = []
        var folders: [String: Folder] = [:]

        mutating func add(_ file: FileEntry, _ names: ArraySlice<String>) {
            guard let name = names.first else { return }
            if names.count == 1 { return files.append((name, file)) }
            folders[name, default: Folder()].add(file, names.dropFirst())
        }

        /// Appends what is in the folder, and returns the folder's own git tree id.
        func list(below path: String, into entries: inout [Entry]) -> GitObjectID {
            var objects: [(key: String, line: [UInt8])] = []
            for (name, file) in files {
                entries.append(Entry(file))
                objects.append((name, Self.line("100644", name, file.gitObject)))
            }
            for (name, folder) in folders {
                let folderPath = path.isEmpty ? name : "\(path)/\(name)"
                let id = folder.list(below: folderPath, into: &entries)
                entries.append(Entry(type: .directory, oid: id.hex, size: 0, path: folderPath, lfs: nil))
                // git sorts a folder as if its name ended in a slash.
                objects.append(("\(name)/", Self.line("40000", name, id)))
            }
            objects.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            return ContentDigests.gitObject(of: objects.flatMap(\.line), kind: "tree")
        }

        private static func line(_ mode: String, _ name: String, _ object: GitObjectID) -> [UInt8] {
            Array("\(mode) \(name)\0".utf8) + object.rawBytes
        }
    }
}

extension FileTree.Entry {
    fileprivate init(_ file: FileEntry) {
        self.init(
            type: .file, oid: file.gitObject.hex, size: file.size, path: file.path.text,
            lfs: file.isLFS ? LFS(oid: file.digest.hex, size: file.size, pointerSize: file.pointerSize) : nil)
    }
}

extension GitObjectID {
    fileprivate var rawBytes: [UInt8] {
        let digits = hex.utf8.map { $0 < UInt8(ascii: "a") ? $0 - UInt8(ascii: "0") : $0 - UInt8(ascii: "a") + 10 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
