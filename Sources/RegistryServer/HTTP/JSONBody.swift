import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import RegistryCore

/// Compact JSON: clients grep for `"gated":false` (hub-protocol section 12, 25).
enum JSONBody {
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return Array(try encoder.encode(value))
    }

    /// Of what cannot fail to encode: texts.
    static func buffer(_ texts: [String: String]) -> ByteBuffer {
        ByteBuffer(bytes: (try? bytes(texts)) ?? Array("{}".utf8))
    }

    static func response(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
    ) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        headers[.cacheControl] = "no-cache"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: try bytes(value))))
    }

    /// Reads a body of at most `limit` bytes as a value.
    /// - Throws: ``ErrorResponse``: 413 where it is longer, 400 where it is not what was expected.
    static func read<Value: Decodable>(
        _ request: Request, as type: Value.Type, limit: Int
    ) async throws -> Value {
        let buffer = try await collect(request, limit: limit)
        do {
            return try JSONDecoder().decode(type, from: Foundation.Data(buffer.readableBytesView))
        } catch {
            throw ErrorResponse.badRequest("the body is not the JSON expected here: \(Self.explain(error))")
        }
    }

    static func collect(_ request: Request, limit: Int) async throws -> ByteBuffer {
        do { return try await request.body.collect(upTo: limit) } catch is NIOTooManyBytesError {
            throw ErrorResponse(.contentTooLarge, "BadRequest", "the body is larger than \(limit) bytes")
        }
    }

    private static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: DecodingError.Context(codingPath: [], debugDescription: "it cannot be read")
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return "\(path.isEmpty ? "" : "\(path.printable): ")\(context.debugDescription.printable)"
    }
}
