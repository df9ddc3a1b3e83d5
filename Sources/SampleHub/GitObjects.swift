import COpenSSL
import RegistryCore

/// Ids of git trees and commits, computed as git does, so that what the sample hub calls `oid` and `sha` is what a git
/// repository of the same files would say.
enum GitObjects {
    enum Node {
        case file(GitObjectID)
        case directory([String: Node])
    }

    /// The ids of a directory and of all below it, by path; the root's path is empty.
    static func trees(_ root: [String: Node], at path: String = "") -> [String: GitObjectID] {
        var ids: [String: GitObjectID] = [:]
        var entries: [(order: [UInt8], bytes: [UInt8])] = []
        for (name, node) in root {
            switch node {
            case .file(let id):
                entries.append((Array(name.utf8), Array("100644 \(name)\0".utf8) + id.bytes))
            case .directory(let children):
                let below = path.isEmpty ? name : "\(path)/\(name)"
                ids.merge(trees(children, at: below)) { first, _ in first }
                // git sorts a directory as if its name ended in a slash.
                entries.append((Array("\(name)/".utf8), Array("40000 \(name)\0".utf8) + (ids[below]?.bytes ?? [])))
            }
        }
        entries.sort { $0.order.lexicographicallyPrecedes($1.order) }
        ids[path] = id(of: "tree", entries.flatMap(\.bytes))
        return ids
    }

    /// The id of a first commit with this tree. `seconds`: since 1970, UTC.
    static func commit(tree: GitObjectID, seconds: Int64, message: String) -> GitObjectID? {
        let who = "Sample Hub <hub@sample.invalid> \(seconds) +0000"
        return id(of: "commit", Array("tree \(tree.hex)\nauthor \(who)\ncommitter \(who)\n\n\(message)\n".utf8))
    }

    /// Nil only when libcrypto has no SHA-1.
    private static func id(of kind: String, _ content: [UInt8]) -> GitObjectID? {
        let object = Array("\(kind) \(content.count)\0".utf8) + content
        var digest = [UInt8](repeating: 0, count: 20)
        guard EVP_Digest(object, object.count, &digest, nil, EVP_sha1(), nil) == 1 else { return nil }
        return try? GitObjectID(digest.hex)
    }
}

extension GitObjectID {
    fileprivate var bytes: [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0].nibble << 4 | digits[$0 + 1].nibble }
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    var nibble: UInt8 {
        self <= UInt8(ascii: "9") ? self &- UInt8(ascii: "0") : (self | 0x20) &- UInt8(ascii: "a") &+ 10
    }
}
