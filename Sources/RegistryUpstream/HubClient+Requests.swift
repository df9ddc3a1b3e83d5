import Foundation
import RegistryCore

extension HubClient {
    private static let redirectLimit = 5
    /// Bytes that an attempt must bring for the count of attempts to begin anew: a server that hands out one byte at a
    /// time would else keep a job busy for ever.
    private static let realProgress: Int64 = 64 * 1024

    /// Sends one GET and follows its redirects, hop by hop, until an answer that is not one.
    ///
    /// The token goes only to the configured origin, the range to every hop (reliability C1, C5).
    ///
    /// - Parameters:
    ///   - lines: header lines that every hop gets, `Range: bytes=0-99`.
    ///   - size: bytes expected, for the transfer's time limit.
    ///   - isBody: bytes of a file are wanted: over a connection of their own.
    ///   - arriving: told each address that a redirect leads to.
    /// - Returns: the header of the 2xx answer, whose body went to `receiver`.
    @discardableResult
    func follow(
        _ start: WebAddress, asking lines: [String] = [], size: Int64 = 0, about subject: Subject,
        isBody: Bool = false, to receiver: any TransferReceiver, arriving: (WebAddress) -> Void = { _ in }
    ) async throws -> ResponseHead {
        var address = start
        for _ in 0...Self.redirectLimit {
            var headers = ["Accept-Encoding: identity"] + lines
            if let token, address.origin == home.origin { headers.append("Authorization: Bearer \(token.reveal())") }
            let request = TransferRequest(
                address: address, headers: headers, userAgent: userAgent, deadlines: attempts.deadlines,
                total: attempts.deadlines.total(for: size), isBody: isBody,
                mayBePrivate: options.mayBePrivate(address.host, home: home.host),
                isHome: address.origin == home.origin)

            let kind = address.origin == home.origin ? RequestBudget.Kind(address) : nil
            if let kind { try await pace(kind) }
            let head = try await send(request, to: receiver)
            if let kind { budget.learn(from: head, kind) }
            switch head.status {
            case 200..<300: return head
            case 301, 302, 303, 307, 308:
                address = try target(of: head, from: address)
                arriving(address)
            default: throw Obstacle(head, from: address, is: error(head, from: address, about: subject), home: home)
            }
        }
        throw UpstreamError.protocolViolation(
            "chain of redirects from \(start)", expected: "at most \(Self.redirectLimit)",
            got: "one more, to \(address)")
    }

    /// A file's bytes come over one of so many connections, which is taken for no longer than it is used: who waits for
    /// upstream's rate limit must not keep those waiting who need not ask it.
    private func send(_ request: TransferRequest, to receiver: any TransferReceiver) async throws -> ResponseHead {
        do {
            guard request.isBody else { return try await transfers.send(request, to: receiver) }
            return try await connections.hold { try await transfers.send(request, to: receiver) }
        } catch let fault as TransferFault {
            throw Obstacle(fault, at: request.address)
        }
    }

    /// Waits until upstream's rate limits have room for one request more.
    private func pace(_ kind: RequestBudget.Kind) async throws {
        try await Task.sleep(for: min(budget.pause(kind), .seconds(30)))
        while true {
            let delay = budget.take(kind)
            guard delay > .zero else { return }
            let reason = UpstreamError.rateLimited(endpoint: endpoint, seconds: delay.roundedSeconds)
            guard delay <= attempts.longestWait else { throw reason }
            waiting(UpstreamWait(reason: reason, delay: delay))
            try await Task.sleep(for: delay)
        }
    }

    private func target(of head: ResponseHead, from address: WebAddress) throws -> WebAddress {
        guard let location = head["location"], !location.isEmpty else {
            throw UpstreamError.protocolViolation("redirect from \(address)", expected: "a Location", got: "none")
        }
        let target: WebAddress
        do {
            target = try address.resolving(location)
        } catch {
            throw UpstreamError.protocolViolation(
                "redirect from \(address)", expected: "an http or https address",
                got: "\(location.printable) (\(error.reason))")
        }
        guard !(address.scheme == "https" && target.scheme == "http") else {
            throw UpstreamError.protocolViolation("redirect from \(address)", expected: "https", got: "\(target)")
        }
        // Behind a proxy the address is the proxy's to find; what is spelled out can be judged here.
        if !options.mayBePrivate(target.host, home: home.host), PrivateAddress.contains(literal: target.host) == true {
            throw UpstreamError.privateAddress(host: target.host)
        }
        guard options.mayRedirect(from: home.host, to: target.host) else {
            throw UpstreamError.redirectRefused(from: "\(address)", host: target.host)
        }
        return target
    }

    /// Runs `body` until it succeeds, is refused, or has met the policy's number of obstacles that may pass.
    ///
    /// - Parameter progress: the furthest byte reached so far; an attempt that got well further starts the count anew.
    func persistently<Value>(progress: () -> Int64 = { 0 }, _ body: () async throws -> Value) async throws -> Value {
        var attempt = 1
        var furthest = progress()
        var hasResolvedAgain = false
        while true {
            let obstacle: Obstacle
            do {
                return try await body()
            } catch let met as Obstacle {
                obstacle = met
            }
            if progress() - furthest >= Self.realProgress {
                furthest = progress()
                attempt = 1
            }
            if obstacle.isExpiredSignature, !hasResolvedAgain {
                hasResolvedAgain = true
                continue
            }
            attempt += 1
            guard obstacle.mayPass, attempt <= attempts.attempts else { throw obstacle.error }
            let asked = obstacle.wait ?? .zero
            guard asked <= attempts.longestWait else { throw obstacle.error }
            let delay = asked + attempts.delay(before: attempt)
            waiting(UpstreamWait(reason: obstacle.error, delay: delay))
            try await Task.sleep(for: delay)
        }
    }
}

/// What stopped one attempt; never leaves the client.
struct Obstacle: Error {
    let error: UpstreamError
    let mayPass: Bool
    /// How long upstream asked to stay away.
    var wait: Duration?
    /// A storage host's 403: its signed address ran out, and a new one can be had from the Hub.
    var isExpiredSignature = false
    /// The answer ended before its end.
    var isShort = false

    init(_ error: UpstreamError) {
        self.error = error
        mayPass = error.mayPass
    }

    init(_ fault: TransferFault, at address: WebAddress) {
        error =
            switch fault.kind {
            case .noAnswer: .unreachable(endpoint: address.origin, reason: fault.reason)
            case .brokenOff, .endedEarly: .brokenOff(endpoint: address.origin, reason: fault.reason)
            case .tooSlow: .tooSlow(endpoint: address.origin, reason: fault.reason)
            case .noHTTP: .protocolViolation("answer from \(address)", expected: "HTTP", got: fault.reason)
            }
        mayPass = fault.mayPass
        isShort = fault.kind == .endedEarly
    }

    init(_ head: ResponseHead, from address: WebAddress, is error: UpstreamError, home: WebAddress) {
        self.error = error
        // A proxy that wants credentials will want them in four seconds too.
        mayPass = error.mayPass && head.status != 407
        wait = mayPass ? head.secondsToWait.map { .seconds($0) } : nil
        isExpiredSignature = head.status == 403 && address.origin != home.origin
    }
}
