import Foundation
import Glibc
import RegistryCore

/// A repository's files as they lie on this machine: in a folder, a cache of Hugging Face's clients, or the storage of
/// another registry. What they claim to be is proven later.
struct LocalSnapshot: Sendable {
    let repository: RepositoryID
    /// As the place names it; nil where it does not.
    let commit: CommitID?
    /// Where each file lies, by its path in the repository.
    let files: [RepositoryPath: String]
    /// True where the place names bytes by their hash and never changes them, so that they may be shared with it.
    let isImmutable: Bool
    /// Files that were passed over, and why.
    var passedOver: [String] = []
}

/// Regular files below a folder, under their paths in a repository.
struct FolderReading {
    private(set) var files: [RepositoryPath: String] = [:]
    private(set) var passedOver: [String] = []
    private let root: String
    private let fence: String
    /// The folders that the walk is in, without links: one that leads back into them has no end.
    private var open: Set<String> = []
    /// Links can make a few folders look like millions.
    private var folders = 0

    /// - Parameters:
    ///   - folder: where a repository's paths begin.
    ///   - fence: no file may lie outside of it, whatever links say.
    init(_ folder: String, within fence: String) {
        root = folder
        self.fence = Self.real(fence) ?? fence
        walk("", depth: 0)
    }

    private mutating func walk(_ prefix: String, depth: Int) {
        let folder = prefix.isEmpty ? root : "\(root)/\(prefix)"
        guard let place = Self.real(folder), open.insert(place).inserted else {
            passedOver.append("\(prefix.printable): it leads back to a folder that it lies in")
            return
        }
        defer { open.remove(place) }
        folders += 1
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        for name in names {
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            // What git and Hugging Face's clients keep for themselves beside the files.
            if prefix.isEmpty, [".cache", ".git"].contains(name) { continue }
            var status = stat()
            guard let real = Self.real("\(root)/\(path)"), stat(real, &status) == 0 else {
                passedOver.append("\(path.printable): a link to nothing")
                continue
            }
            guard real == fence || real.hasPrefix(fence + "/") else {
                passedOver.append("\(path.printable): it leads out of \(fence)")
                continue
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR where depth < 32 && folders < 10_000: walk(path, depth: depth + 1)
            case S_IFREG where files.count < 200_000:
                do { files[try RepositoryPath(path)] = real } catch { passedOver.append("\(error)") }
            case S_IFDIR, S_IFREG: passedOver.append("\(path.printable): there is too much below \(fence)")
            default: passedOver.append("\(path.printable): no regular file")
            }
        }
    }

    static func real(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
