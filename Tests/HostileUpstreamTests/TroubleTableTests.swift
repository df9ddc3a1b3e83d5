import HostileHub
import RegistryCore
import RegistryUpstream
import Testing

/// Trouble on the way and at upstream's (reliability C7, C12, C13, C14).
@Suite struct TroubleTableTests {
    private static func status(
        _ status: Int, _ fields: [(name: String, value: String)] = [], at stage: HostileRequest.Stage = .bytes,
        times: Int = .max
    ) -> HostileHub.Script {
        at(stage, times: times) { reply, _ in reply = HostileReply(status, fields) }
    }
    private static func end(
        _ ending: HostileReply.Ending, _ framing: HostileReply.Framing = .length, times: Int = .max,
        after part: @escaping @Sendable (Int64) -> Int64
    ) -> HostileHub.Script {
        at(.bytes, times: times) { reply, _ in
            reply.framing = framing
            reply.end(ending, after: part(reply.count ?? 0))
        }
    }
    private static let early = Row.Ending.fails("truncated", "model.safetensors ended early: expected ")

    static let refusals: [Row] = [
        Row("500", .fails("serverTrouble", "status 500"), status(500)),
        Row("502", .fails("serverTrouble", "status 502"), status(502)),
        Row("503", .fails("serverTrouble", "status 503"), status(503)),
        Row("504 from the hub", .fails("serverTrouble", "127.0.0.1"), status(504, at: .resolve)),
        Row("503, twice", .right, status(503, times: 2)),
        Row("408", .fails("serverTrouble", "status 408"), status(408)),
        Row(
            "500 that calls the repository unknown", .fails("serverTrouble", "status 500"),
            status(500, [("X-Error-Code", "RepoNotFound")], at: .resolve)),
        Row(
            "401, as a mirror says that is down itself", .fails("unknownRepository", "is unknown at http://127.0.0.1"),
            status(401, at: .resolve)),
        Row(
            "403 of a licence", .fails("gated", "accept its licence at http://127.0.0.1"),
            status(403, [("X-Error-Code", "GatedRepo")], at: .resolve)),
        Row("403", .fails("unauthorized", "refused access"), status(403, at: .resolve)),
        Row("403 from the storage", .fails("storageRefused", "expected 200 or 206, got 403"), status(403)),
        Row("403 from the storage, once", .right, status(403, times: 1)),
        Row(
            "403 from the storage, for every third piece", .right,
            at(.bytes) { reply, request in
                if request.repeats == 0, (request.range?.lowerBound ?? 0) % 3 == 2 { reply = HostileReply(403) }
            }),
        Row(
            "404 of the file", .fails("entryNotFound", "has no file 'model.safetensors'"),
            status(404, [("X-Error-Code", "EntryNotFound")], at: .resolve)),
        Row("a 429 storm", .fails("rateLimited", "try again in a few minutes"), status(429)),
        Row("a 429 storm at the hub", .fails("rateLimited", "127.0.0.1"), status(429, at: .resolve)),
        Row("429, twice", .right, status(429, [("Retry-After", "0")], times: 2)),
        Row("429 for an hour", .fails("rateLimited", "try again in 3600 s"), status(429, [("Retry-After", "3600")])),
        Row(
            "429 until a date", .fails("rateLimited", "try again in a few minutes"),
            status(429, [("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT")])),
        Row(
            "429 until a date that has passed", .fails("rateLimited", "try again in 0 s"),
            status(429, [("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")])),
        Row(
            "429 until the window ends", .fails("rateLimited", "try again in 301 s"),
            status(429, [("RateLimit", "\"resolvers\";r=0;t=300")], at: .resolve)),
        .early("503 for the description", .fails("serverTrouble", "status 503"), status(503, at: .revision)),
        .early("401 for the description", .fails("unknownRepository", "or private"), status(401, at: .revision)),
    ]

    static let breaks: [Row] = [
        Row("a reset at the first byte", .fails("brokenOff", "broke the connection off"), end(.reset) { _ in 0 }),
        Row("a reset at the first byte, once", .right, end(.reset, times: 1) { _ in 0 }),
        Row("a reset in the middle, twice", .right, end(.reset, times: 2) { $0 / 2 }),
        Row(
            "a reset instead of an answer", .fails("unreachable", "failure when receiving data"),
            at(.bytes) { reply, _ in
                reply.head = []
                reply.end(.reset, after: 0)
            }),
        Row(
            "the end instead of an answer", .fails("unreachable", "server returned nothing"),
            at(.bytes) { reply, _ in
                reply.head = []
                reply.end(.closed, after: 0)
            }),
        Row("the end before the last byte", early, end(.closed) { $0 - 1 }),
        Row("the end before the last byte, of no length", early, end(.closed, .connection) { $0 - 1 }),
        Row("the end before the last byte, in chunks", early, end(.closed, .chunked) { $0 - 1 }),
        Row(
            "one byte too few, in chunks that end in good order", early,
            at(.bytes) { reply, _ in
                guard case .file(let range) = reply.body else { return }
                reply.body = .file(range.dropLast())
                reply.framing = .chunked
            }),
        Row("the end in the middle, once", .right, end(.closed, times: 1) { $0 / 2 }),
        Row("the end in the middle, once, in chunks", .right, end(.closed, .chunked, times: 1) { $0 / 2 }),
        Row(
            "the end in the middle, once, without a tag", .right,
            at(.bytes) { reply, request in
                reply["ETag"] = nil
                if request.earlier == 0 { reply.end(.closed, after: (reply.count ?? 0) / 2) }
            }),
        Row("chunks", .right, at(.bytes) { reply, _ in reply.framing = .chunked }),
        Row("neither length nor chunks", .right, at(.bytes) { reply, _ in reply.framing = .connection }),
    ]

    static let slow: [Row] = [
        Row(
            "silence", .fails("unreachable", "no answer within 1 s"), attempts: .hasty,
            at(.bytes) { reply, _ in reply.silence = .seconds(600) }),
        Row(
            "silence, once", .right, attempts: .hasty,
            at(.bytes, times: 1) { reply, _ in reply.silence = .seconds(600) }),
        Row(
            "a header that drips", .fails("unreachable", "no answer within 1 s"), attempts: .hasty,
            at(.bytes) { reply, _ in reply.headDrip = .milliseconds(20) }),
        Row(
            "one byte a second", .fails("tooSlow", "bytes a second came for 1 s, where 1000 are expected"),
            attempts: .hasty, at(.bytes) { reply, _ in reply.drip = .seconds(1) }),
        Row(
            "a stall in the middle", .fails("tooSlow", "bytes a second came"), attempts: .hasty,
            end(.stalled) { $0 / 2 }),
        Row("a stall in the middle, once", .right, attempts: .hasty, end(.stalled, times: 1) { $0 / 2 }),
        Row(
            "a stall after the last byte, of no length", .right, attempts: .hasty,
            at(.bytes) { reply, _ in
                reply["ETag"] = nil
                reply.framing = .connection
                reply.end(.stalled)
            }),
        Row(
            "a file that comes and comes", .fails("tooSlow", "was not done within 1 s"), alone: .right,
            attempts: .bounded, at(.bytes) { reply, _ in reply.drip = .milliseconds(2) }),
        .early(
            "silence about the tree", .fails("unreachable", "no answer within"),
            { request, reply in
                if request.stage == .tree { reply.silence = .seconds(600) }
            }),
    ]

    @Test(arguments: refusals) func refusalsEndAsTheirRowSays(row: Row) async throws { try await row.play() }
    @Test(arguments: breaks) func breaksEndAsTheirRowSays(row: Row) async throws { try await row.play() }
    @Test(arguments: slow) func slownessEndsAsItsRowSays(row: Row) async throws {
        var row = row
        if row.attempts.deadlines.firstByte > .seconds(10) { row.attempts = .hasty }
        try await row.playAtOnce()
    }
}
