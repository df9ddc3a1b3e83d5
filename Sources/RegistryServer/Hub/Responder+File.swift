import HTTPTypes
import Hummingbird
import NIOCore
import RegistryCatalog
import RegistryCore
import RegistryOperations
import RegistryStorage

/// `HEAD|GET /{repository}/resolve/{revision}/{path}` (hub-protocol section 2): bytes, directly, without a redirect.
extension Responder {
    func file(
        _ path: RepositoryPath, of snapshot: SnapshotRecord, to consumer: Consumer, _ request: Request,
        _ context: ServerContext
    ) async throws -> Response {
        guard let entry = try await registry.file(path, of: snapshot) else {
            throw ErrorResponse.entryNotFound(path.text, in: snapshot)
        }
        let tag = EntityTag(entry)
        var headers = Self.headers(of: entry, in: snapshot, tag)
        if tag.isNamed(byIfNoneMatch: request.headers[.ifNoneMatch]) {
            headers[.contentLength] = nil
            return Response(status: .notModified, headers: headers)
        }
        // HEAD ignores Range (RFC 9110 section 14.2).
        guard request.method == .get else {
            registry.record(transfer(of: entry, in: snapshot, to: consumer, request, .head, start: 0, sent: 0))
            return Response(status: .ok, headers: headers)
        }

        let header = tag.allowsRange(ifRange: request.headers[.ifRange]) ? request.headers[.range] : nil
        let range: Range<Int64>
        var status = HTTPResponse.Status.ok
        switch ByteRange(header, size: entry.size) {
        case .whole: range = 0..<entry.size
        case .part(let part):
            range = part
            status = .partialContent
            headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(entry.size)"
            headers[.contentLength] = "\(part.upperBound - part.lowerBound)"
        case .unsatisfiable: throw ErrorResponse.rangeNotSatisfiable(size: entry.size, commit: snapshot.commit)
        }

        let pass = registry.pass(for: snapshot.id)
        let blob = try await open(entry)
        let registry = registry
        let answer = BlobAnswer(
            blob, range: range, mayBeSent: { pass.isValid },
            ended: { sent, isComplete in
                let outcome: Transfer.Outcome =
                    !isComplete ? .aborted : sent == entry.size ? .complete : .partial
                registry.record(
                    transfer(
                        of: entry, in: snapshot, to: consumer, request, outcome, start: range.lowerBound, sent: sent))
            })
        return Response(status: status, headers: headers, body: answer.body(on: context.channel))
    }

    /// `/raw/`: what git holds, so the pointer of an LFS file, and any other file as it is.
    func rawFile(
        _ path: RepositoryPath, of snapshot: SnapshotRecord, to consumer: Consumer, _ request: Request,
        _ context: ServerContext
    ) async throws -> Response {
        guard let entry = try await registry.file(path, of: snapshot), entry.isLFS else {
            return try await file(path, of: snapshot, to: consumer, request, context)
        }
        var headers = Self.headers(of: entry, in: snapshot, EntityTag(entry))
        headers[.eTag] = "\"\(entry.gitObject.hex)\""
        headers[.contentType] = "text/plain; charset=utf-8"
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:\(entry.digest.hex)\nsize \(entry.size)\n"
        headers[.contentLength] = "\(pointer.utf8.count)"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: pointer)))
    }

    /// The same for HEAD, GET and 304. No Xet signal, ever: it would send clients past this registry.
    private static func headers(of entry: FileEntry, in snapshot: SnapshotRecord, _ tag: EntityTag) -> HTTPFields {
        var headers = HTTPFields()
        headers.set("X-Repo-Commit", snapshot.commit.hex)
        headers[.eTag] = tag.text
        if entry.isLFS {
            headers.set("X-Linked-Etag", tag.text)
            headers.set("X-Linked-Size", "\(entry.size)")
        }
        headers[.contentLength] = "\(entry.size)"
        headers[.contentType] = entry.mediaType
        headers[.contentDisposition] = HeaderText.disposition(fileName: entry.path.fileName)
        headers[.contentSecurityPolicy] = "default-src 'none'; sandbox"
        headers[.acceptRanges] = "bytes"
        // A revocation must be seen at the next request, through any cache (reliability F4).
        headers[.cacheControl] = "no-cache"
        return headers
    }

    private func open(_ entry: FileEntry) async throws -> OpenBlob {
        let blobs = registry.blobs
        return try await blocking {
            try OpenBlob(path: try blobs.path(of: entry.digest), expecting: entry.size)
        }
    }
}

private func transfer(
    of entry: FileEntry, in snapshot: SnapshotRecord, to consumer: Consumer, _ request: Request,
    _ outcome: Transfer.Outcome, start: Int64, sent: Int64
) -> Transfer {
    Transfer(
        consumer: consumer.id, snapshot: snapshot.id, path: entry.path, outcome: outcome, start: start, sent: sent,
        agent: HeaderText(request.headers[.userAgent] ?? "", limit: 300).text)
}

extension FileEntry {
    fileprivate var mediaType: String {
        let name = path.fileName
        return switch name.split(separator: ".").last.map({ $0.lowercased() }) {
        case "json": "application/json"
        case "md", "txt", "jinja", "yaml", "yml": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
