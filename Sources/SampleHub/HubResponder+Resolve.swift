import Hummingbird
import RegistryCore

extension HubResponder {
    /// `/{repo}/resolve/{rev}/{path}`: never the bytes, always the way to them (hub-protocol 2.2).
    func resolve(
        _ repository: SampleRepository, _ revision: String, _ path: String, _ call: Call, _ fault: Fault.Kind?
    ) -> Answer {
        let file: SampleFile
        switch open(repository, revision, path, call) {
        case .failure(let refusal): return refusal.answer
        case .success(let found): file = found
        }
        let commit = repository.commit.hex
        if let known = call.knownEtag, known.contains("\"\(file.etag)\"") {
            return Answer(304, [("X-Repo-Commit", commit), ("ETag", "\"\(file.etag)\"")])
        }
        guard file.lfs != nil else {
            let encoded = path.split(separator: "/").map(\.percentEncoded).joined(separator: "/")
            let origin = "/\(repository.id)/resolve/\(revision)/\(path)".percentEncoded
            let query = "\(origin)=&etag=\("\"\(file.etag)\"".percentEncoded)"
            return Answer(
                307,
                [
                    ("Location", "/api/resolve-cache/models/\(repository.id)/\(commit)/\(encoded)?\(query)"),
                    ("X-Repo-Commit", commit), ("Accept-Ranges", "bytes"),
                ])
        }
        var hasExpired = false
        if case .expiredSignature? = fault { hasExpired = true }
        return Answer(
            302,
            [
                ("Location", "\(scheme)://\(call.storageHost)\(addresses.sign(file, hasExpired: hasExpired))"),
                ("X-Repo-Commit", commit), ("X-Linked-Etag", "\"\(file.etag)\""),
                ("X-Linked-Size", String(file.size)), ("Accept-Ranges", "bytes"),
            ])
    }

    /// `/api/resolve-cache/models/{repo}/{commit}/{path}`: the bytes of an ordinary file.
    func cached(_ repository: SampleRepository, _ revision: String, _ path: String, _ call: Call) async -> Answer {
        switch open(repository, revision, path, call) {
        case .failure(let refusal): return refusal.answer
        case .success(let file):
            var answer = await bytes(of: file, tag: "\"\(file.etag)\"", call)
            answer.set("X-Repo-Commit", repository.commit.hex)
            return answer
        }
    }

    /// `/storage/{sha256}?Expires=…&Signature=…`: the bytes of a file in LFS, on a host that knows no repositories.
    func storage(_ call: Call) async -> Answer {
        // As object stores do: a signature and a token are two credentials, and one too many.
        guard call.authorization == nil else {
            return .xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        }
        guard let signature = call.target.first("Signature"),
            let file = addresses.file(named: call.target.path(from: 1), signature: signature)
        else { return .xml(403, "AccessDenied", "Request has expired") }
        // The storage's own ETag: stable, and no hash of the content (hub-protocol 2.2).
        return await bytes(
            of: file, tag: "\"\(ContentDigests.sha256(of: Array(file.etag.utf8)).hex.prefix(32))\"", call)
    }

    private struct Refusal: Error { let answer: Answer }

    private func open(
        _ repository: SampleRepository, _ revision: String, _ path: String, _ call: Call
    ) -> Result<SampleFile, Refusal> {
        func refuse(_ answer: Answer) -> Result<SampleFile, Refusal> { .failure(Refusal(answer: answer)) }

        guard repository.resolves(revision) else { return refuse(.unknown(revision: revision)) }
        if repository.isGated {
            let restricted = "Access to model \(repository.id) is restricted"
            guard let account = account(call) else {
                let advice = "You must have access to it and be authenticated to access it. Please log in."
                return refuse(.refusal(401, code: "GatedRepo", "\(restricted). \(advice)"))
            }
            guard account.granted.contains(repository.id) else {
                let advice = "Visit \(scheme)://\(call.host)/\(repository.id) to ask for access."
                return refuse(
                    .refusal(403, code: "GatedRepo", "\(restricted) and you are not in the authorized list. \(advice)"))
            }
        }
        guard let file = repository.file(path) else {
            return refuse(.refusal(404, code: "EntryNotFound", "Entry not found", commit: repository.commit.hex))
        }
        return .success(file)
    }

    /// 200, 206 or 416 with the file's bytes, read in pieces on NIO's file threads.
    private func bytes(of file: SampleFile, tag: String, _ call: Call) async -> Answer {
        var fields = [("Accept-Ranges", "bytes"), ("ETag", tag), ("Content-Type", "application/octet-stream")]
        var range = 0..<file.size
        var status = 200
        // Another tag in If-Range: what the client has is of other content, so it gets the whole (RFC 9110 13.1.5).
        let isWanted = call.ifRange.map { $0 == tag } ?? true
        if let text = call.range, isWanted, !call.isHead, let asked = ByteRange(text) {
            guard let part = asked.within(file.size) else {
                return Answer(416, fields + [("Content-Range", "bytes */\(file.size)")])
            }
            range = part
            status = 206
            fields.append(("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.size)"))
        }
        guard !range.isEmpty, !call.isHead else {
            return Answer(status, fields + [("Content-Length", String(file.size))])
        }
        do {
            let body = try await FileIO().loadFile(
                path: file.location, range: Int(range.lowerBound)...Int(range.upperBound - 1), context: call.context)
            return Answer(status, fields, body: body)
        } catch {
            return .xml(500, "InternalError", "\(file.path) has gone from the hub's folder")
        }
    }
}

extension Answer {
    /// A refusal of the storage host: XML, and none of the Hub's headers.
    fileprivate static func xml(_ status: Int, _ code: String, _ message: String) -> Answer {
        text(
            Array("<Error><Code>\(code)</Code><Message>\(message)</Message></Error>".utf8), type: "application/xml",
            status: status)
    }
}

extension Call {
    /// The same server under its other name: storage must be another *host* to every client (hub-protocol 2.3).
    fileprivate var storageHost: String {
        let port = host.lastIndex(of: ":").map { host[$0...] } ?? ""
        return (host.hasPrefix("localhost") ? "127.0.0.1" : "localhost") + port
    }
}
