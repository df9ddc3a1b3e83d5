import HTTPTypes
import Hummingbird
import NIOCore
import RegistryCatalog
import RegistryCore
import RegistryOperations

/// `/tree/{revision}[/{folder}]` and `POST /paths-info/{revision}` (hub-protocol sections 3.2 and 3.3).
extension Responder {
    /// The whole listing in one answer, unless a `limit` is asked for: llama.cpp reads one page only.
    func tree(
        _ snapshot: SnapshotRecord, _ folder: RepositoryPath?, _ revision: Revision, _ request: Request
    ) async throws -> Response {
        let query = request.query
        let tree = FileTree(try await registry.files(of: snapshot))
        guard var entries = tree.list(folder, recursive: query.flag("recursive")) else {
            throw ErrorResponse.entryNotFound(folder?.text ?? "", in: snapshot)
        }
        if let cursor = try query.cursor() {
            entries.removeAll { !cursor.name.utf8.lexicographicallyPrecedes($0.path.utf8) }
        }
        var headers = HTTPFields()
        headers.set("X-Repo-Commit", snapshot.commit.hex)
        if let limit = query.limit(atMost: 10_000), entries.count > limit {
            entries.removeSubrange(limit...)
            let next = try PageCursor(after: entries[limit - 1].path).text(size: limit)
            headers[.link] = Self.next(request, cursor: next)
        }
        return try JSONBody.response(expand(entries, of: snapshot, query.flag("expand")), headers: headers)
    }

    /// What is known of some paths; those that are not there are left out of the answer.
    func pathsInfo(_ snapshot: SnapshotRecord, _ request: Request) async throws -> Response {
        let asked: PathsRequest
        if request.headers[.contentType]?.hasPrefix("application/json") == true {
            asked = try await JSONBody.read(request, as: PathsRequest.self, limit: 1 << 20)
        } else {
            let form = Query(String(buffer: try await JSONBody.collect(request, limit: 1 << 20)))
            asked = PathsRequest(paths: form.all("paths"), expand: form.flag("expand"))
        }
        guard asked.paths.count <= 2000 else { throw ErrorResponse.badRequest("at most 2,000 paths at a time") }
        let tree = FileTree(try await registry.files(of: snapshot))
        let known = Dictionary(tree.entries.map { ($0.path, $0) }) { first, _ in first }
        return try JSONBody.response(expand(asked.paths.compactMap { known[$0] }, of: snapshot, asked.expand == true))
    }

    private struct PathsRequest: Decodable {
        let paths: [String]
        let expand: Bool?
    }

    /// A registry knows one commit of a repository: the snapshot's own.
    private func expand(_ entries: [FileTree.Entry], of snapshot: SnapshotRecord, _ isWanted: Bool) -> [FileTree.Entry]
    {
        guard isWanted else { return entries }
        return entries.map { entry in
            var entry = entry
            entry.lastCommit = .init(
                id: snapshot.commit.hex, title: "mirrored from \(snapshot.upstream)", date: snapshot.createdAt)
            return entry
        }
    }

    /// The next page as an absolute URL on the host that the client asked: huggingface_hub follows no other.
    static func next(_ request: Request, cursor: String) -> String {
        let kept = (request.head.path ?? "").drop { $0 != "?" }.dropFirst().split(separator: "&")
            .filter { !$0.hasPrefix("cursor=") }.map(String.init)
        let query = kept + ["cursor=\(PercentCoding.encode(cursor, keeping: []))"]
        let url = request.publicURL + request.rawPath + "?" + query.joined(separator: "&")
        return "<\(HeaderText(url, limit: 8192).text)>; rel=\"next\""
    }
}

extension HTTPField.Name {
    static var link: HTTPField.Name { HTTPField.Name("Link") ?? .location }
}
