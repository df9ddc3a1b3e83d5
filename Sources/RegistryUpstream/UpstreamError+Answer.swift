import CCurl
import Foundation
import RegistryCore

/// What a request was about, so that a refusal can name it.
struct Subject: Sendable {
    let repository: RepositoryID
    var revision = ""
    var path = ""
}

extension HubClient {
    /// The error that an answer outside 2xx means (hub-protocol section 5).
    ///
    /// An error code counts only with the status it belongs to: trouble of a server or proxy never becomes "not found".
    func error(_ head: ResponseHead, from address: WebAddress, about subject: Subject) -> UpstreamError {
        guard address.origin == home.origin else {
            return head.status >= 500 || head.status == 408
                ? .serverTrouble(endpoint: address.origin, status: head.status)
                : head.status == 429
                    ? .rateLimited(endpoint: address.origin, seconds: head.secondsToWait)
                    : .storageRefused(endpoint: address.origin, status: head.status)
        }
        let message = head["x-error-message"] ?? head.bodyMessage
        switch (head.status, head["x-error-code"]) {
        case (407, _):
            return .unreachable(
                endpoint: endpoint,
                reason: HubOptions.Proxy.wantsCredentials(options.proxy(for: address)))
        case (429, _):
            return .rateLimited(endpoint: endpoint, seconds: head.secondsToWait)
        case (408, _), (500..., _):
            return .serverTrouble(endpoint: endpoint, status: head.status)
        case (401, "GatedRepo"), (403, "GatedRepo"):
            return .gated(subject.repository, page: pageURL(of: subject.repository), anonymous: token == nil)
        case (401, "RepoNotFound"), (404, "RepoNotFound"):
            return .unknownRepository(subject.repository, endpoint: endpoint, anonymous: token == nil)
        case (404, "RevisionNotFound"):
            return .unknownRevision(subject.revision, subject.repository, endpoint: endpoint)
        case (404, "EntryNotFound"):
            return .entryNotFound(subject.path, subject.repository, endpoint: endpoint)
        case (403, _) where message == "Access to this resource is disabled.":
            return .disabled(subject.repository, endpoint: endpoint)
        case (401, _) where head.wantsPassword:
            return .passwordWanted(endpoint: endpoint, proxy: options.proxy(for: address).map { "\($0)" })
        case (401, _) where token == nil:
            // huggingface.co's answer to the anonymous for what is missing and for what is private.
            return .unknownRepository(subject.repository, endpoint: endpoint, anonymous: true)
        case (401, _), (403, _):
            let blame = options.proxy(for: address).map { ", from it or from \($0)" } ?? ""
            return .unauthorized(endpoint: endpoint, message: message ?? "status \(head.status)\(blame)")
        default:
            return .protocolViolation(
                "answer from \(address)", expected: "200, or a refusal with X-Error-Code",
                got: "\(head.status) with \(head["x-error-code"] ?? "none")")
        }
    }
}

extension ResponseHead {
    /// How long upstream asks to stay away: `Retry-After: N`, or `RateLimit: "x";r=0;t=N` (hub-protocol section 7).
    /// A date counts as well (RFC 9110 10.2.3), though nothing the Hub itself sends has one.
    var secondsToWait: Int64? {
        if let text = self["retry-after"] {
            let moment = Int64(text) == nil ? curl_getdate(text, nil) : -1
            let seconds = moment < 0 ? Int64(text) : max(0, Int64(moment) - Int64(Date.now.timeIntervalSince1970))
            if let seconds { return (0..<1_000_000).contains(seconds) ? seconds : nil }
        }
        guard let limit = rateLimit, limit.remaining == 0 else { return nil }
        return limit.seconds + 1  // the window ends within that second; huggingface_hub adds it too
    }

    /// Asked for by `WWW-Authenticate: Basic`, which no Hub sends and what stands in front of one may.
    var wantsPassword: Bool {
        status == 401 && fields.contains { $0.name == "www-authenticate" && $0.value.lowercased().hasPrefix("basic") }
    }

    /// The `error` of a JSON body.
    var bodyMessage: String? {
        struct Body: Decodable { let error: String }
        return try? JSONDecoder().decode(Body.self, from: Data(errorBody)).error
    }
}
