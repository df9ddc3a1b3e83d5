import HostileHub
import RegistryCore
import RegistryUpstream
import Testing

/// Other bytes than those that were announced (reliability A14, C8, C10, C11, C15).
@Suite struct ContentTableTests {
    private static let page = "<!doctype html><title>Log in to the guest network</title>"
    private static func page(_ framing: HostileReply.Framing, at stage: HostileRequest.Stage = .bytes)
        -> HostileHub.Script
    {
        at(stage) { reply, _ in
            reply = .text(page, type: "text/html")
            reply.framing = framing
        }
    }
    private static func text(_ text: String, _ framing: HostileReply.Framing = .length) -> HostileHub.Script {
        at(.bytes) { reply, _ in
            reply = .text(text)
            reply.framing = framing
        }
    }
    private static func flip(_ offsets: @escaping @Sendable (Range<Int64>) -> [Int64], times: Int = .max)
        -> HostileHub.Script
    {
        at(.bytes, times: times) { reply, _ in
            if case .file(let range) = reply.body { reply.flips = offsets(range) }
        }
    }
    private static func tag(_ tag: String?, from first: Int = 0) -> HostileHub.Script {
        at(.bytes, from: first) { reply, _ in reply["ETag"] = tag }
    }
    private static let webPage = Row.Ending.fails(
        "webPage", "came as a web page, '<!doctype html><title>Log in to the guest")
    private static let pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "a", count: 64))\nsize 3\n"
    private static let lfsPointer = Row.Ending.fails("lfsPointer", "model.safetensors came as its Git LFS pointer")
    private static let mismatch = Row.Ending.fails(
        "mismatch", "digest mismatch for hostile/model@c0ffee0/model.safetensors")

    static let others: [Row] = [
        Row("a page for people", webPage, page(.length)),
        Row("a page for people, of no length", webPage, page(.chunked)),
        Row(
            "a page for people, once", .right,
            at(.bytes, times: 1) { reply, _ in reply = .text(page, type: "text/html") }),
        Row("a page for people, in place of the redirect", webPage, page(.length, at: .resolve)),
        Row("a page for people, in place of an ordinary file", webPage, isLFS: false, page(.length)),
        Row(
            "a page for people, in place of an ordinary file, of no length", webPage, isLFS: false, page(.chunked)),
        Row("a storage's error with 200", .fails("webPage", "'<?xml version"), text("<?xml version=\"1.0\"?><Error/>")),
        Row("a Git LFS pointer", lfsPointer, text(pointer)),
        Row("a Git LFS pointer, of no length", lfsPointer, text(pointer, .chunked)),
        Row(
            "a JSON error with 200",
            .fails("protocolViolation", "Content-Length of model.safetensors is wrong: expected SIZE, got 17"),
            text(#"{"error":"sorry"}"#)),
        Row(
            "nothing at all with 200",
            .fails("protocolViolation", "Content-Length of model.safetensors is wrong: expected SIZE, got 0"), text("")),
        Row(
            "nothing at all with 200, of no length", .fails("truncated", "expected SIZE bytes, got 0"),
            text("", .chunked)),
        .early(
            "a page for people, in place of the description",
            .fails(
                "protocolViolation",
                "description of hostile/model is wrong: expected JSON as the Hub sends it, got '<!doctype"),
            page(.length, at: .revision)),
        .early(
            "a page for people, in place of the tree",
            .fails(
                "protocolViolation", "tree of hostile/model is wrong: expected JSON as the Hub sends it, got '<!doctype"
            ), page(.length, at: .tree)),
        .early(
            "half a tree", .fails("brokenOff", "transferred a partial file"),
            at(.tree) { reply, _ in reply.end(.closed, after: 40) }),
        .early(
            "half a tree, of no length", .fails("protocolViolation", "expected JSON as the Hub sends it"),
            at(.tree) { reply, _ in
                reply.framing = .connection
                reply.end(.closed, after: 40)
            }),
    ]

    static let spoilt: [Row] = [
        Row("a bit of the first byte", mismatch, flip { [$0.lowerBound] }),
        Row("a bit of the last byte", mismatch, flip { [$0.upperBound - 1] }),
        Row("a bit, once", mismatch, flip({ [($0.lowerBound + $0.upperBound) / 2] }, times: 1)),
        Row("a bit of an ordinary file", mismatch, isLFS: false, flip { [$0.lowerBound] }),
        Row("an ordinary file, as it is", .right, isLFS: false) { _, _ in },
        Row("a file in LFS, as it is", .right) { _, _ in },
        Row("another hash in tree and redirect", mismatch, empty: mismatch) { request, reply in
            let zeros = String(repeating: "0", count: 64)
            if request.stage == .resolve { reply["X-Linked-Etag"] = "\"\(zeros)\"" }
            guard request.stage == .tree, case .bytes(let bytes) = reply.body else { return }
            let text = String(decoding: bytes, as: UTF8.self)
            let digest = text.split(separator: "\"lfs\":{\"oid\":\"").last.map { String($0.prefix(64)) } ?? ""
            reply.body = .bytes(Array(text.replacing(digest, with: zeros).utf8))
        },
    ]

    static let changes: [Row] = [
        Row("a weak tag", .right, tag("W/\"weak\"")),
        Row("a weak tag after the first answer", .right, tag("W/\"weak\"", from: 1)),
        Row("no tag", .right, tag(nil)),
        Row("no tag after the first answer", .right, tag(nil, from: 1)),
        Row("a tag without quotes", .right, tag("tag")),
        Row("an empty tag", .right, tag("\"\"")),
        Row("a tag with a line break in it", .right, tag("\"a\rX-Injected: 1\"")),
        Row("a tag of another form after the first answer", .right, tag("\"sha256:other\"", from: 1)),
        Row(
            "a new tag with each answer", .fails("contentChanged", "changed while it was fetched"), alone: .right,
            at(.bytes) { reply, request in
                reply["ETag"] = "\"\(request.earlier)\""
            }),
        Row(
            "other content after the first answer, under a tag of its own", mismatch, alone: .right,
            at(.bytes, from: 1) { reply, _ in
                reply["ETag"] = "\"other\""
                if case .file(let range) = reply.body { reply.flips = [range.lowerBound] }
            }),
        Row(
            "other content after the first answer, under the same tag", mismatch, alone: .right,
            at(.bytes, from: 1) { reply, _ in
                if case .file(let range) = reply.body { reply.flips = [range.lowerBound] }
            }),
    ]

    @Test(arguments: others) func whatIsNoFileEndsAsItsRowSays(row: Row) async throws { try await row.play() }
    @Test(arguments: spoilt) func whatIsSpoiltEndsAsItsRowSays(row: Row) async throws { try await row.play() }
    @Test(arguments: changes) func whatChangesEndsAsItsRowSays(row: Row) async throws { try await row.play() }
}
