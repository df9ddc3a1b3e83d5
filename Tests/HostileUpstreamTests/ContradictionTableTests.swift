import HostileHub
import RegistryCore
import RegistryUpstream
import Testing

/// Answers that contradict what the tree said, or themselves (reliability C4, C6, C7, C9, C16).
@Suite struct ContradictionTableTests {
    private static func lengths(_ lines: @escaping @Sendable (Int64) -> [String]) -> HostileHub.Script {
        at(.bytes) { reply, _ in
            reply.framing = .lengths(lines(reply.count ?? 0))
            reply.end(.closed)
        }
    }
    private static func field(_ name: String, _ value: String?, at stage: HostileRequest.Stage = .bytes)
        -> HostileHub.Script
    {
        at(stage) { reply, _ in reply[name] = value }
    }
    private static func range(_ text: @escaping @Sendable (Range<Int64>, Int64) -> String?) -> HostileHub.Script {
        at(.bytes) { reply, request in
            guard let range = request.range, reply.status == 206 else { return }
            reply["Content-Range"] = text(range, request.size(reply))
        }
    }
    private static func status(_ status: Int) -> HostileHub.Script { at(.bytes) { reply, _ in reply.status = status } }
    private static func refused(_ status: String) -> Row.Ending {
        .fails("storageRefused", "expected 200 or 206, got \(status)")
    }
    private static func wrong(_ what: String) -> Row.Ending { .fails("protocolViolation", what) }
    private static let length = "Content-Length of model.safetensors is wrong: expected FIRST, got "
    private static let zeros = String(repeating: "0", count: 40)

    static let lengths: [Row] = [
        Row("two lengths, the right one first", wrong(length), lengths { ["\($0)", "\($0 + 1)"] }),
        Row("two lengths, the wrong one first", wrong(length), lengths { ["\($0 + 1)", "\($0)"] }),
        Row("two equal lengths", .right, lengths { ["\($0)", "\($0)"] }),
        Row("a length that is one too many", wrong(length), lengths { ["\($0 + 1)"] }),
        Row("a length that is one too few", wrong(length), lengths { ["\($0 - 1)"] }),
        Row("a list of lengths", wrong(length), lengths { ["\($0), \($0)"] }),
        Row("a length below zero", wrong("expected HTTP, got weird server reply"), lengths { _ in ["-1"] }),
        Row("a length beyond all numbers", wrong(length), lengths { _ in ["99999999999999999999"] }),
        Row("a length in words", wrong("expected HTTP, got weird server reply"), lengths { _ in ["many"] }),
        Row("a length that goes on in the next line", .right, field("X-Odd", "a\r\n Content-Length: 5")),
        Row(
            "more bytes than were asked for", wrong("more bytes, got more than that"),
            at(.bytes) { reply, _ in
                reply.framing = .connection
                reply.behind = [UInt8](repeating: 0, count: 300_000)
            }),
        Row(
            "bytes without end", wrong("more bytes, got more than that"),
            at(.bytes) { reply, _ in
                reply.framing = .connection
                reply.body = .endless
            }),
        Row(
            "another answer behind the one that was asked for", .rightOrFails("protocolViolation", "got 4"),
            alone: .right,
            at(.bytes) { reply, _ in
                reply.behind = Array("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil".utf8)
            }),
    ]

    static let ranges: [Row] = [
        Row(
            "a range that is shifted", wrong("Content-Range of model.safetensors"), alone: .right,
            range { "bytes \($0.lowerBound + 1)-\($0.upperBound)/\($1)" }),
        Row(
            "a range of a file of another size", wrong("Content-Range of model.safetensors"), alone: .right,
            range { "bytes \($0.lowerBound)-\($0.upperBound - 1)/\($1 + 1)" }),
        Row(
            "a range of a file of unknown size", wrong("Content-Range of model.safetensors"), alone: .right,
            range { range, _ in "bytes \(range.lowerBound)-\(range.upperBound - 1)/*" }),
        Row(
            "a part without its range", wrong("Content-Range of model.safetensors is wrong: expected bytes 0-"),
            alone: .right, range { _, _ in nil }),
        Row(
            "a part where the whole was asked for", .right,
            alone: wrong("status of model.safetensors is wrong: expected 200, got 206"),
            at(.bytes) { reply, request in
                if request.range == nil { reply.send(0..<(reply.count ?? 0), of: reply.count ?? 0) }
            }),
        Row(
            "the whole where a part was asked for", .right,
            at(.bytes) { reply, request in
                guard reply.status == 206 else { return }
                reply.status = 200
                reply.body = .file(0..<request.size(reply))
            }),
        Row(
            "the whole where a part was asked for, after the first part", .right,
            at(.bytes, from: 1) { reply, request in
                guard reply.status == 206 else { return }
                reply.status = 200
                reply.body = .file(0..<request.size(reply))
            }),
        Row(
            "parts in several pieces", wrong("Content-Range of model.safetensors"), alone: .right,
            at(.bytes) { reply, _ in
                guard reply.status == 206 else { return }
                reply["Content-Range"] = nil
                reply["Content-Type"] = "multipart/byteranges; boundary=x"
            }),
    ]

    static let headers: [Row] = [
        Row("gzip", wrong("Content-Encoding from http://localhost"), field("Content-Encoding", "gzip")),
        Row(
            "gzip behind identity", wrong("expected identity, got br"),
            at(.bytes) { reply, _ in
                reply.fields += [("Content-Encoding", "identity"), ("Content-Encoding", "br")]
            }),
        Row("identity, spelled out", .right, field("Content-Encoding", "identity")),
        Row("gzip by transfer", wrong("Transfer-Encoding from http://localhost"), field("Transfer-Encoding", "gzip")),
        Row("203", wrong("got 203"), status(203)),
        Row("204", wrong("got 204"), status(204)),
        Row("205", wrong("got 205"), status(205)),
        Row("304", refused("304"), status(304)),
        Row("400", refused("400"), status(400)),
        Row("401 from the storage", refused("401"), status(401)),
        Row("404 from the storage", refused("404"), status(404)),
        Row("416", refused("416"), status(416)),
        Row("101", wrong("expected one in HTTP, got 101"), status(101)),
        Row("999", .fails("serverTrouble", "999"), status(999)),
        Row("another commit", wrong("X-Repo-Commit of model.safetensors"), field("X-Repo-Commit", zeros, at: .resolve)),
        Row(
            "another size in the redirect", wrong("X-Linked-Size of model.safetensors is wrong: expected SIZE, got 7"),
            field("X-Linked-Size", "7", at: .resolve)),
        Row(
            "another hash in the redirect", wrong("X-Linked-Etag of model.safetensors"),
            field("X-Linked-Etag", "\"\(zeros)\"", at: .resolve)),
        Row(
            "a header without end", wrong("header from http://localhost"),
            at(.bytes) { reply, _ in
                reply.fields += (0..<900).map { ("X-\($0)", String(repeating: "x", count: 100)) }
            }),
        Row(
            "interim answers without end", wrong("header from http://localhost"),
            at(.bytes) { reply, _ in
                reply.before = Array(String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 4000).utf8)
            }),
        Row(
            "a few interim answers", .right,
            at(.bytes) { reply, _ in
                reply.before = Array("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nETag: \"x\"\r\n\r\n".utf8)
            }),
        Row(
            "no HTTP", wrong("answer from http://localhost"),
            at(.bytes) { reply, _ in
                reply.head = Array("220 mail.example ESMTP\r\n\r\n".utf8)
                reply.end(.closed)
            }),
        Row(
            "lines that end in a line feed alone", .right,
            at(.bytes) { reply, _ in
                reply.head = Array(String(decoding: reply.headBytes, as: UTF8.self).replacing("\r\n", with: "\n").utf8)
            }),
    ]

    @Test(arguments: lengths) func lengthsEndAsTheirRowSays(row: Row) async throws { try await row.play() }
    @Test(arguments: ranges) func rangesEndAsTheirRowSays(row: Row) async throws { try await row.play() }
    @Test(arguments: headers) func headersEndAsTheirRowSays(row: Row) async throws { try await row.play() }
}

extension HostileRequest {
    /// The file's size, as a healthy answer to a range has it.
    func size(_ reply: HostileReply) -> Int64 {
        reply["Content-Range"].flatMap { $0.split(separator: "/").last }.flatMap { Int64($0) } ?? reply.count ?? 0
    }
}
