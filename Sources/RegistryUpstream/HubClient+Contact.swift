import CCurl
import Foundation
package import RegistryCore
import Synchronization

/// What `lapidary doctor` asks upstream: single requests, whose answers come back unjudged.
extension HubClient {
    /// Something upstream answered, whatever it was.
    package struct Contact: Sendable {
        package let status: Int
        package let journey: Journey?
        /// A name and a password are asked for, as netrc files have them.
        package let wantsPassword: Bool
        /// Seconds that upstream's clock is ahead of ours, give or take ``uncertainty``; nil where it told no time.
        package let ahead: Double?
        package let uncertainty: Double
    }

    /// An answer that carries bytes of a file, at the end of its redirects.
    package struct Sample: Sendable {
        package let status: Int
        /// Names in lower case.
        package let fields: [(name: String, value: String)]
        /// At most so many as were asked for, and one.
        package let bytes: [UInt8]
        /// Without its query.
        package let address: String

        package func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
        /// The tag under which parts of a file may be put together; nil where there is none.
        package let strongTag: String?
    }

    /// No answer came.
    package struct NoContact: Error {
        package let error: UpstreamError
        /// Because the certificate that was shown is not trusted.
        package let isUntrusted: Bool
    }

    /// One request without the token.
    /// - Throws: ``NoContact``
    package func contact() async throws -> Contact {
        let began = Date.now
        let head = try await ask("/api/models?limit=1", withToken: false)
        let took = began.distance(to: .now)
        let theirs = head["date"].flatMap(Self.moment)
        return Contact(
            status: head.status, journey: head.journey, wantsPassword: head.wantsPassword,
            // A Date has whole seconds, cut off; it was made somewhere between question and answer.
            ahead: theirs.map { began.addingTimeInterval(took / 2).distance(to: $0.addingTimeInterval(0.5)) },
            uncertainty: 0.5 + took / 2)
    }

    /// Whose token ours is; nil where upstream knows no such question.
    /// - Throws: ``NoContact``; ``UpstreamError/unauthorized(endpoint:message:)`` for one that it does not accept.
    package func tokenOwner() async throws -> String? {
        struct Answer: Decodable { let name: String }
        let receiver = SampleReceiver(limit: 1 << 20)
        let head = try await ask("/api/whoami-v2", withToken: true, to: receiver)
        switch head.status {
        case 200: return (try? JSONDecoder().decode(Answer.self, from: Data(receiver.bytes)))?.name
        case 401, 403:
            let message = head["x-error-message"] ?? head.bodyMessage ?? "status \(head.status)"
            throw UpstreamError.unauthorized(endpoint: endpoint, message: message)
        case 429: throw UpstreamError.rateLimited(endpoint: endpoint, seconds: head.secondsToWait)
        case 500...: throw UpstreamError.serverTrouble(endpoint: endpoint, status: head.status)
        default: return nil
        }
    }

    /// Whether files of a repository may be read with our token; its licence may have to be accepted first. One request.
    /// - Throws: ``NoContact``; ``UpstreamError`` with the reason why not.
    package func requireAccess(to repository: RepositoryID) async throws {
        let path = ".gitattributes"
        let head = try await ask("/\(repository)/resolve/main/\(path)", withToken: true)
        guard head.status >= 400 else { return }
        let reason = error(
            head, from: home, about: Subject(repository: repository, revision: "main", path: path))
        // Gates come before files: where one is missing we were let in.
        if case .entryNotFound = reason { return }
        throw reason
    }

    /// A range of a file's bytes, or all of them, along its redirects.
    /// - Throws: ``UpstreamError``; `CancellationError`.
    package func sample(
        _ file: UpstreamFile, range: Range<Int64>?, of repository: RepositoryID, at commit: CommitID
    ) async throws -> Sample {
        let start = try address(
            "/\(repository)/resolve/\(commit.hex)/\(file.path.text.percentEncoded(keepingSlashes: true))")
        let size = range.map { $0.upperBound - $0.lowerBound } ?? file.size
        let receiver = SampleReceiver(limit: Int(size) + 1)
        let lines = range.map { ["Range: bytes=\($0.lowerBound)-\($0.upperBound - 1)"] } ?? []
        let about = Subject(repository: repository, revision: commit.hex, path: file.path.text)
        do {
            _ = try await follow(start, asking: lines, size: size, about: about, isBody: true, to: receiver)
        } catch is SampleReceiver.Enough {
        } catch let obstacle as Obstacle {
            throw obstacle.error
        }
        let (head, address) = receiver.last
        return Sample(
            status: head.status, fields: head.fields, bytes: receiver.bytes, address: address,
            strongTag: head.strongTag)
    }

    private func ask(
        _ path: String, withToken: Bool, to receiver: SampleReceiver = SampleReceiver(limit: 1 << 20)
    ) async throws -> ResponseHead {
        let address = try address(path)
        var headers = ["Accept-Encoding: identity"]
        if withToken, let token { headers.append("Authorization: Bearer \(token.reveal())") }
        let request = TransferRequest(
            address: address, headers: headers, userAgent: userAgent, deadlines: attempts.deadlines,
            total: attempts.deadlines.total(for: 0))
        do {
            return try await transfers.send(request, to: receiver)
        } catch let fault as TransferFault {
            throw NoContact(
                error: .unreachable(endpoint: address.origin, reason: fault.reason), isUntrusted: fault.isUntrusted)
        }
    }

    /// `Sat, 28 Nov 2026 02:52:13 GMT`
    private static func moment(_ text: String) -> Date? {
        let seconds = curl_getdate(text, nil)
        return seconds > 0 ? Date(timeIntervalSince1970: Double(seconds)) : nil
    }
}

/// Keeps what comes, up to a limit, and judges nothing.
private final class SampleReceiver: TransferReceiver {
    struct Enough: Error {}

    private struct State {
        var head = ResponseHead()
        var address = ""
        var bytes: [UInt8] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var last: (ResponseHead, String) { state.withLock { ($0.head, $0.address) } }

    func inspect(_ head: ResponseHead, from address: WebAddress) {
        state.withLock { state in
            state.head = head
            state.address = "\(address)"
        }
    }

    func receive(_ more: UnsafeRawBufferPointer) throws {
        let isFull = state.withLock { state in
            state.bytes += more.prefix(limit - state.bytes.count)
            return state.bytes.count == limit
        }
        if isFull { throw Enough() }
    }
}
