/// What a user names a state of a repository by: a branch, a tag, `refs/pr/N`, or a commit in full (40 hex).
package struct Revision: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package static let main = Revision(unchecked: "main")

    private init(unchecked name: String) { self.name = name }

    package init(_ text: String) throws(InvalidName) {
        let bytes = Array(text.utf8)
        func invalid(_ reason: String) -> InvalidName { .revision(text.printable, reason) }
        guard !bytes.isEmpty, bytes.count <= 255 else { throw invalid("expected 1 to 255 bytes") }
        // What git check-ref-format forbids, and what would need quoting in a URL or a shell.
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"~^:?*[\\%\"'<>|#&;$`".utf8.contains($0) }) else {
            throw invalid("it holds a character that git does not allow in a name")
        }
        guard !text.contains(".."), !text.contains("//"), !text.contains("@{") else {
            throw invalid("'..', '//' and '@{' are not allowed")
        }
        guard let first = bytes.first, let last = bytes.last,
            !"-/.".utf8.contains(first), !"/.".utf8.contains(last)
        else { throw invalid("it may not begin with '-', '/' or '.', nor end with '/' or '.'") }
        name = text
    }

    /// The commit that this revision is, where it is one in full.
    package var commit: CommitID? { try? CommitID(name) }

    /// The name without git's prefixes: `refs/heads/main` is `main`, `refs/tags/v1` is `v1`.
    package var branchOrTag: String {
        for prefix in ["refs/heads/", "refs/tags/"] where name.hasPrefix(prefix) {
            return String(name.dropFirst(prefix.count))
        }
        return name
    }

    /// 7 to 39 hex digits: may stand for the one commit that begins so.
    package var isShortCommit: Bool { (7..<40).contains(name.utf8.count) && name.utf8.allSatisfy(\.isLowerHex) }

    package var description: String { name }
}
