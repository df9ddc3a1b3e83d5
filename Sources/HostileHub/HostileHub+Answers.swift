import RegistryCore

extension HostileHub {
    /// The commit of everything.
    package static let commit = String(repeating: "c0ffee01", count: 5)

    /// What a healthy hub would say.
    func answer(_ request: HostileRequest) -> HostileReply {
        switch request.stage {
        case .revision:
            return .text(#"{"id":"\#(repository)","sha":"\#(Self.commit)","private":false}"#)
        case .tree:
            let lfs = #","lfs":{"oid":"\#(file.sha256.hex)","size":\#(file.size),"pointerSize":130}"#
            let entry = #""type":"file","oid":"\#(file.gitObject.hex)","size":\#(file.size),"path":"\#(file.path)""#
            return .text("[{\(entry)\(file.isLFS ? lfs : "")}]")
        case .resolve:
            var reply = HostileReply(302, [("X-Repo-Commit", Self.commit)])
            guard file.isLFS else {
                reply.status = 307
                reply["Location"] = "/api/resolve-cache/models/\(repository)/\(Self.commit)/\(file.path)"
                return reply
            }
            reply["Location"] = "http://localhost:\(port)/storage/\(file.sha256.hex)?Signature=\(request.earlier)"
            reply["X-Linked-Etag"] = "\"\(file.sha256.hex)\""
            reply["X-Linked-Size"] = "\(file.size)"
            return reply
        case .bytes:
            var reply = HostileReply(200, [("ETag", file.tag)], body: .file(0..<file.size))
            guard let range = request.range, request.ifRange.map({ $0 == file.tag }) ?? true else { return reply }
            reply.send(range, of: file.size)
            return reply
        case .other:
            return .text("nothing here", type: "text/plain", status: 404)
        }
    }
}

extension HostileReply {
    /// 206 with these bytes.
    package mutating func send(_ range: Range<Int64>, of size: Int64) {
        status = 206
        body = .file(range)
        self["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
    }
}
