package import HTTPTypes
package import Hummingbird
import NIOCore
package import RegistryCatalog
package import RegistryCore
package import RegistryOperations
import RegistryStorage

/// A refusal as clients are told it; this file is the one table from what went wrong to status, code and message.
///
/// What `hf` 2.4 and huggingface_hub 0.36 make of it was read in their sources and seen with the real clients:
/// - A model that is refused, held or revoked answers 403 with the code `RevisionNotFound`: of all codes the only one
///   on which no client falls back to its cache, so that a revoked model does not go on "downloading" from there.
///   With any other code 0.36 and transformers say "check your internet connection" instead of the reason.
/// - `hf download` drops the messages of `RepoNotFound` and `RevisionNotFound`, so the same line also goes out as
///   `X-HF-Warning`, which every client prints. So it does for a model that is being prepared, because a 503 makes
///   clients try again for up to a minute before they say why.
/// - A 401 is taken for "repository not found" unless its message is exactly ``invalidCredentials``.
package struct ErrorResponse: Error, Equatable, Sendable {
    package let status: HTTPResponse.Status
    /// `X-Error-Code`.
    package let code: String
    /// One line; what to do about it included.
    package let message: String
    /// Seconds after which it is worth trying again.
    package var retryAfter: Int?
    /// Sent with a file's 404 and 416, so that clients remember for which commit it holds.
    package var commit: CommitID?
    /// `Content-Range` of a 416.
    package var contentRange: String?

    package init(_ status: HTTPResponse.Status, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// The words by which huggingface_hub tells a rejected token from a missing repository.
    package static let invalidCredentials = "Invalid credentials in Authorization header"

    package static func badRequest(_ message: String) -> Self { Self(.badRequest, "BadRequest", message) }
    package static func repositoryNotFound(_ message: String) -> Self { Self(.notFound, "RepoNotFound", message) }
    package static func revisionNotFound(_ message: String) -> Self { Self(.notFound, "RevisionNotFound", message) }
    package static let pathTooLong = Self(.uriTooLong, "BadRequest", "the path is longer than 8,192 bytes")
    package static let nothingHere = Self(.notFound, "NotFound", "there is nothing at this address")

    package static func entryNotFound(_ path: String, in snapshot: SnapshotRecord) -> Self {
        var error = Self(
            .notFound, "EntryNotFound",
            "\(path.printable) is not in \(snapshot.repository)@\(snapshot.commit.short)")
        if let leftOut = snapshot.leftOut.first(where: { $0.path.utf8.elementsEqual(path.utf8) }) {
            error = Self(
                .notFound, "EntryNotFound",
                "\(path.printable) was left out of \(snapshot.repository)@\(snapshot.commit.short): "
                    + "its format (\(leftOut.format.printable)) is not allowed here")
        }
        error.commit = snapshot.commit
        return error
    }

    package static func rangeNotSatisfiable(size: Int64, commit: CommitID) -> Self {
        var error = Self(.rangeNotSatisfiable, "RangeNotSatisfiable", "the file has \(size) bytes")
        error.contentRange = "bytes */\(size)"
        error.commit = commit
        return error
    }

    package init(_ unavailable: Unavailable) {
        let message = unavailable.message
        switch unavailable.kind {
        case .unknownRepository, .failed: self = .repositoryNotFound(message)
        case .unknownRevision: self = .revisionNotFound(message)
        case .preparing:
            self.init(.serviceUnavailable, "ModelPreparing", message)
            retryAfter = 10
        case .damaged:
            self.init(.serviceUnavailable, "ModelDamaged", message)
            retryAfter = 60
        case .held, .refused, .revoked: self.init(.forbidden, "RevisionNotFound", message)
        }
    }

    /// - Parameter error: anything a handler threw. What is not a client's business becomes a plain 500, and is for
    ///   the caller to log.
    package init(_ error: any Error) {
        switch error {
        case let error as ErrorResponse: self = error
        case let refusal as ConsumerRefusal:
            switch refusal {
            case .badToken: self.init(.unauthorized, "InvalidToken", "\(refusal)")
            case .tokenRequired: self.init(.unauthorized, "TokenRequired", "\(refusal)")
            }
        case let error as InvalidName: self = .badRequest("\(error)")
        case OperationError.unknownModel: self = .repositoryNotFound("\(error)")
        case let error as OperationError: self = .badRequest("\(error)")
        case CatalogError.full, StorageError.full:
            self.init(
                HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), "StorageFull",
                "the registry's disk is full: its operator has to make room")
        case StorageError.missing(let digest):
            self.init(
                .internalServerError, "BlobMissing",
                "the registry lost \(digest): its operator has to mirror the model again")
        default:
            self.init(
                .internalServerError, "InternalError", "the registry could not answer; its log tells the operator why")
        }
    }

    /// Headers and JSON body: `{"error":"…"}`, as the Hub writes it.
    package var response: Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json; charset=utf-8"
        headers[.cacheControl] = "no-cache"
        headers.set("X-Error-Code", code)
        if status == .unauthorized {
            headers.set("X-Error-Message", Self.invalidCredentials)
            headers[.wwwAuthenticate] = "Bearer realm=\"lapidary\""
        } else {
            headers.set("X-Error-Message", HeaderText(message).text)
        }
        if ["RepoNotFound", "RevisionNotFound", "ModelPreparing", "TokenRequired"].contains(code) {
            headers.set("X-HF-Warning", "lapidary; \(HeaderText(message).text)")
        }
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        if let commit { headers.set("X-Repo-Commit", commit.hex) }
        if let contentRange { headers[.contentRange] = contentRange }
        return Response(status: status, headers: headers, body: .init(byteBuffer: JSONBody.buffer(["error": message])))
    }
}
