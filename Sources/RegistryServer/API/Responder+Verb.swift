import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RegistryCore
import RegistryOperations

/// `POST /api/lapidary/{verb}`: how the CLI acts through a running server. The body is the verb's JSON; the answer a
/// line of JSON at a time: `{"progress":…}` as it goes, then `{"answer":…}` or `{"failure":…}`.
extension Responder {
    func verb(_ name: String, _ request: Request, _ context: ServerContext) async throws -> Response {
        guard let token = request.token, token.isSame(as: registry.adminToken) else {
            throw ErrorResponse(
                .unauthorized, "InvalidToken",
                "only this registry's operator may do that, with the token in its storage (keys/admin.token)")
        }
        guard let verb = Verbs.all.first(where: { $0.name == name }) else {
            throw ErrorResponse(.notFound, "NotFound", "this registry has no verb '\(name.printable)'")
        }
        return try await stream(verb, request, context)
    }

    private func stream<V: Verb>(_ type: V.Type, _ request: Request, _ context: ServerContext) async throws -> Response
    {
        let verb = try await JSONBody.read(request, as: V.self, limit: 1 << 20)
        let registry = registry
        var headers = HTTPFields()
        headers[.contentType] = "application/x-ndjson"
        headers[.cacheControl] = "no-cache"
        headers[.connection] = "close"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await VerbRun(verb: verb, registry: registry, channel: context.channel).write(to: &writer)
                try await writer.finish(nil)
            })
    }
}

/// A running verb, and the lines it makes.
private struct VerbRun<V: Verb>: Sendable {
    let verb: V
    let registry: Registry
    let channel: any Channel

    private enum Event: Sendable {
        case progress(Step)
        case end(Line)
        case clientHasGone
    }

    private enum Line: Encodable, Sendable {
        case progress(Step)
        case answer(V.Answer)
        case failure(Failure)

        enum CodingKeys: CodingKey {
            case progress, answer, failure
        }

        func encode(to encoder: any Encoder) throws {
            var line = encoder.container(keyedBy: CodingKeys.self)
            switch self {
            case .progress(let progress): try line.encode(progress, forKey: .progress)
            case .answer(let answer): try line.encode(answer, forKey: .answer)
            case .failure(let failure): try line.encode(failure, forKey: .failure)
            }
        }

        var buffer: ByteBuffer { get throws { ByteBuffer(bytes: try JSONBody.bytes(self) + [UInt8(ascii: "\n")]) } }
    }

    /// Runs the verb. When the client goes, a line cannot be written or the server stops, the verb is cancelled.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        // A reader that is slower than the verb misses old progress, never the end.
        let (events, feed) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(256))
        channel.closeFuture.whenComplete { _ in feed.yield(.clientHasGone) }
        try await channel.triggerUserOutboundEvent(CloseWithClient()).get()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    feed.yield(.end(.answer(try await verb.perform(in: registry) { feed.yield(.progress($0)) })))
                } catch {
                    feed.yield(.end(.failure(Failure(error))))
                }
            }
            for await event in events {
                switch event {
                case .progress(let progress): try await writer.write(try Line.progress(progress).buffer)
                case .end(let line): return try await writer.write(try line.buffer)
                case .clientHasGone: throw CancellationError()
                }
            }
        }
    }
}

extension Secret {
    /// Compares in a time that does not tell how much of the token was right.
    fileprivate func isSame(as other: Secret) -> Bool {
        let mine = ContentDigests.sha256(of: Array(reveal().utf8)).hex.utf8
        let theirs = ContentDigests.sha256(of: Array(other.reveal().utf8)).hex.utf8
        return zip(mine, theirs).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
