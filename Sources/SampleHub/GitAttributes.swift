import Glibc

/// Which files of a repository stand in LFS, by the `filter=lfs` lines of its `.gitattributes`.
struct GitAttributes {
    /// Pattern, and whether it turns LFS on or off; the last that matches counts, as in git.
    private var rules: [(pattern: String, isLFS: Bool)] = []

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let pattern = words.first, !pattern.hasPrefix("#") else { continue }
            if words.contains("filter=lfs") {
                rules.append((String(pattern), true))
            } else if words.contains("-filter") || words.contains("!filter") {
                rules.append((String(pattern), false))
            }
        }
    }

    func isLFS(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return rules.last { pattern, _ in
            // A pattern without slash means the file's name, wherever it lies.
            pattern.contains("/") ? fnmatch(pattern, path, 0) == 0 : fnmatch(pattern, name, 0) == 0
        }?.isLFS ?? false
    }
}
