import RegistryCore

extension HubResponder {
    /// `GET /api/models/{repo}/tree/{rev}[/{path}]`
    func tree(_ repository: SampleRepository, _ revision: String, below path: String, _ call: Call) -> Answer {
        guard repository.resolves(revision) else { return .unknown(revision: revision) }
        guard path.isEmpty || repository.directories.contains(where: { $0.path == path }) else {
            return .refusal(
                404, code: "EntryNotFound", "\(path.printable) does not exist on \"\(revision.printable)\"",
                commit: repository.commit.hex)
        }
        let isExpanded = call.target.isTrue("expand")
        var entries: [[String: JSON]] = repository.directories.map { path, tree in
            ["type": .text("directory"), "oid": .text(tree.hex), "size": .integer(0), "path": .text(path)]
        }
        entries += repository.files.map(\.treeEntry)
        let prefix = path.isEmpty ? "" : "\(path)/"
        var rows: [(path: String, entry: [String: JSON])] = []
        for var entry in entries {
            guard case .text(let full)? = entry["path"], full.hasPrefix(prefix), full.utf8.count > prefix.utf8.count
            else { continue }
            let isDeeper = full.utf8.dropFirst(prefix.utf8.count).contains(UInt8(ascii: "/"))
            guard !isDeeper || call.target.isTrue("recursive") else { continue }
            if isExpanded {
                entry["lastCommit"] = .object([
                    "id": .text(repository.commit.hex), "title": .text(repository.id.description),
                    "date": .text(repository.lastModified),
                ])
            }
            rows.append((full, entry))
        }
        rows.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }

        let full = isExpanded ? min(pageSize, 100) : pageSize
        let limit = min(max(call.target.first("limit").flatMap { Int($0) } ?? full, 1), full)
        let start = min(call.target.first("cursor").flatMap(Self.position) ?? 0, rows.count)
        let page = rows[start...].prefix(limit)
        let end = start + page.count
        return .json(.list(page.map { .object($0.entry) }), end < rows.count ? [nextPage(call, at: end)] : [])
    }
}
