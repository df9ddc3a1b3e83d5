import Foundation
import HTTPTypes
import Hummingbird
import RegistryCore
import ServiceLifecycle

/// Answers as huggingface.co does. Routes by hand: the raw path is split first and its pieces are decoded after, which
/// Hummingbird's router does the other way round.
struct HubResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let shelf: SampleShelf
    let accounts: [Account]
    let faults: FaultPlan
    let addresses: SignedAddresses
    let rate: RateWindow
    let pageSize: Int
    /// Of the addresses that it gives out.
    let scheme: String
    let log: RequestLog

    var repositories: [String: SampleRepository] { shelf.repositories }

    func respond(to request: Request, context: Context) async throws -> Response {
        var call = Call(request, context)
        log.append(call.entry)
        defer { log.end(call.entry) }
        let fault = faults.next(for: call.target.raw)
        if case .wholeInsteadOfRange? = fault { call.range = nil }
        let answer: Answer
        switch fault {
        case .silence(let duration):
            // A hub that is told to stop does not wait for its own silence.
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
            answer = await self.answer(call, fault)
        case .status, .rateLimit, .redirect, .page:
            answer = Answer(200).spoilt(by: fault)
        default:
            answer = await self.answer(call, fault).spoilt(by: fault)
        }
        return answer.response(isHead: call.isHead)
    }

    private func answer(_ call: Call, _ fault: Fault.Kind?) async -> Answer {
        let path = call.target.path
        let bucket = path.contains("resolve") || path.contains("resolve-cache") ? "resolvers" : "api"
        let (isAllowed, limits) = rate.take(bucket, now: Int64(Date().timeIntervalSince1970))
        var answer: Answer
        if path.first == "storage" {
            return await storage(call)
        } else if !isAllowed {
            answer = .refusal(429, "We had to rate limit your IP. Set a HF_TOKEN, or come back later.")
        } else if !["GET", "HEAD"].contains(call.method) {
            answer = .refusal(405, "Method \(call.method) is not served here")
        } else if call.authorization != nil, account(call) == nil {
            answer = .refusal(401, "Invalid credentials in Authorization header")
        } else {
            answer = await route(call, fault)
        }
        answer.fields += limits
        return answer
    }

    private func route(_ call: Call, _ fault: Fault.Kind?) async -> Answer {
        let path = call.target.path
        if path == ["api", "models"] { return list(call) }
        if path == ["api", "whoami-v2"] { return whoami(call) }
        if path.starts(with: ["api", "models"]), path.count >= 4 {
            return await with(call, at: 2) { repository in
                switch path.dropFirst(4).first {
                case nil: describe(repository, "main", call)
                case "revision" where path.count == 6: describe(repository, path[5], call)
                case "tree" where path.count >= 6: tree(repository, path[5], below: call.target.path(from: 6), call)
                case "refs" where path.count == 5: references(repository, call)
                default: .refusal(404, "Sorry, we can't find the page you are looking for.")
                }
            }
        }
        if path.starts(with: ["api", "resolve-cache", "models"]), path.count >= 7 {
            return await with(call, at: 3) { await cached($0, path[5], call.target.path(from: 6), call) }
        }
        if path.count >= 5, path[0] != "api", path[2] == "resolve" {
            return await with(call, at: 0) { resolve($0, path[3], call.target.path(from: 4), call, fault) }
        }
        return .refusal(404, "Sorry, we can't find the page you are looking for.")
    }

    /// Finds the repository that two pieces of the path name, or answers why not.
    private func with(
        _ call: Call, at index: Int, _ body: (SampleRepository) async -> Answer
    ) async -> Answer {
        let name = call.target.path[index...].prefix(2).joined(separator: "/")
        if let repository = repositories[name] {
            guard !repository.isDisabled else { return .refusal(403, "Access to this resource is disabled.") }
            return await body(repository)
        }
        if let target = shelf.moved[name] {
            return Answer(307, [("Location", call.target.raw.replacingOccurrences(of: name, with: target))])
        }
        // Another spelling is sent to the right one (hub-protocol 3.3).
        if let right = repositories.keys.first(where: { $0.lowercased() == name.lowercased() }) {
            let pieces = call.target.raw.split(separator: "/", maxSplits: index + 2, omittingEmptySubsequences: true)
            let rest = pieces.count > index + 2 ? "/\(pieces[index + 2])" : ""
            let before = pieces.prefix(index).map { "/\($0)" }.joined()
            return Answer(307, [("Location", "\(before)/\(right)\(rest)")])
        }
        // Whether it is missing or private is not for the anonymous to know.
        return account(call) == nil
            ? .refusal(401, "Invalid username or password.")
            : .refusal(404, code: "RepoNotFound", "Repository not found")
    }

    /// Whose token came along; nil for none and for an unknown one.
    func account(_ call: Call) -> Account? {
        guard let authorization = call.authorization else { return nil }
        return accounts.first { authorization == "Bearer \($0.token.reveal())" }
    }
}

/// One request, as the routes need it.
struct Call: Sendable {
    let target: RequestTarget
    let method: String
    /// As the client spelled it, with port.
    let host: String
    let authorization: String?
    var range: String?
    let ifRange: String?
    let knownEtag: String?
    let entry: RequestLog.Entry
    let context: BasicRequestContext

    var isHead: Bool { method == "HEAD" }

    init(_ request: Request, _ context: BasicRequestContext) {
        target = RequestTarget(request.head.path ?? "/")
        method = request.method.rawValue
        host = request.head.authority ?? "localhost"
        authorization = request.headers[.authorization]
        range = request.headers[.range]
        ifRange = request.headers[.ifRange]
        knownEtag = request.headers[.ifNoneMatch]
        self.context = context
        entry = RequestLog.Entry(
            method: method, target: target.raw, host: host, authorization: authorization, range: range,
            acceptEncoding: request.headers[.acceptEncoding])
    }
}
