import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RegistryCore
import RegistryOperations

/// `POST /api/lapidary/{verb}`: how the CLI acts through a running server. The body is the verb's JSON; the answer a
/// line of JSON at a time: `{"progress":…}` as it goes, then `{"answer":…}` or `{"failure":…}`.
extension Responder {
    func verb(_ name: String, _ request: Request) async throws -> Response {
        guard let token = request.token, token.isSame(as: registry.adminToken) else {
            throw ErrorResponse(
                .unauthorized, "InvalidToken",
                "only this registry's operator may do that, with the token in its storage (keys/admin.token)")
        }
        guard let verb = Verbs.all.first(where: { $0.name == name }) else {
            throw ErrorResponse(.notFound, "NotFound", "this registry has no verb '\(name.printable)'")
        }
        return try await stream(verb, request)
    }

    private func stream<V: Verb>(_ type: V.Type, _ request: Request) async throws -> Response {
        let verb = try await JSONBody.read(request, as: V.self, limit: 1 << 20)
        let registry = registry
        var headers = HTTPFields()
        headers[.contentType] = "application/x-ndjson"
        headers[.cacheControl] = "no-cache"
        // The connection is watched for the client going away, which leaves it unfit for another request.
        headers[.connection] = "close"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                let lines = VerbLines(verb: verb, registry: registry)
                var output = writer
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await lines.write { try await output.write($0) }
                }
                try await writer.finish(nil)
            })
    }
}

/// A running verb and the lines it makes.
private struct VerbLines<V: Verb>: Sendable {
    let verb: V
    let registry: Registry

    private enum Line: Encodable, Sendable {
        case progress(RegistryOperations.Step)
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

    /// Runs the verb. When a line cannot be written any more, or the task is cancelled, so is the verb.
    func write(_ write: (ByteBuffer) async throws -> Void) async throws {
        // A reader that is slower than the verb misses old progress, never the end.
        let (progress, feed) = AsyncStream<RegistryOperations.Step>.makeStream(bufferingPolicy: .bufferingNewest(256))
        try await withThrowingTaskGroup(of: Line.self) { group in
            group.addTask {
                defer { feed.finish() }
                do { return .answer(try await verb.perform(in: registry) { feed.yield($0) }) } catch {
                    return .failure(Failure(error))
                }
            }
            for await step in progress { try await write(try Line.progress(step).buffer) }
            if let end = try await group.next() { try await write(try end.buffer) }
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
