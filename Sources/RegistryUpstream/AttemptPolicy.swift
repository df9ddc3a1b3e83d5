package import RegistryCore

/// How often and how patiently a request is repeated after trouble that may pass: a broken connection, a timeout,
/// 429 or 5xx. A refusal is never repeated.
package struct AttemptPolicy: Sendable {
    /// Attempts in a row that bring nothing new, the first one included; at least 1.
    package var attempts: Int
    /// The most that is waited before the second attempt; doubles with each further one. What is really waited is
    /// drawn evenly from zero to that (full jitter), so that several clients do not come back together.
    package var firstDelay: Duration
    package var longestDelay: Duration
    /// The longest wait that upstream may ask for by `Retry-After` or `RateLimit`; beyond it the request ends with
    /// ``UpstreamError/rateLimited(endpoint:seconds:)``.
    package var longestWait: Duration
    package var deadlines: Deadlines

    package init(
        attempts: Int, firstDelay: Duration, longestDelay: Duration, longestWait: Duration,
        deadlines: Deadlines = .standard
    ) {
        self.attempts = attempts
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.longestWait = longestWait
        self.deadlines = deadlines
    }

    /// Five attempts. The Hub's rate windows last 5 minutes (hub-protocol section 7), so that much is waited out.
    package static let standard = AttemptPolicy(
        attempts: 5, firstDelay: .seconds(1), longestDelay: .seconds(16), longestWait: .seconds(310))

    func delay(before attempt: Int) -> Duration {
        var bound = firstDelay
        for _ in 0..<min(max(attempt - 2, 0), 20) { bound = min(bound * 2, longestDelay) }
        return min(bound, longestDelay) * Double.random(in: 0...1)
    }
}

/// When a transfer is given up (reliability C14).
package struct Deadlines: Sendable {
    package var connect: Duration
    /// From the start of the request to the end of the answer's header.
    package var firstByte: Duration
    /// Below `slowest` bytes a second for `slowFor`, a transfer counts as stuck.
    package var slowest: Int
    package var slowFor: Duration
    /// What an answer may take in all, beside a second for each `rate` bytes of it.
    package var base: Duration
    package var rate: Int64

    package init(
        connect: Duration, firstByte: Duration, slowest: Int, slowFor: Duration, base: Duration = .seconds(600),
        rate: Int64 = 1 << 20
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.slowest = slowest
        self.slowFor = slowFor
        self.base = base
        self.rate = rate
    }

    package static let standard = Deadlines(
        connect: .seconds(10), firstByte: .seconds(30), slowest: 64 * 1024, slowFor: .seconds(60))

    /// The most that an answer of so many bytes may take.
    func total(for bytes: Int64) -> Duration { base + .seconds(bytes / max(1, rate)) }
}

/// A pause before a request is repeated, for the person who watches.
package struct UpstreamWait: Sendable, CustomStringConvertible {
    package let reason: UpstreamError
    package let delay: Duration

    package let until: Timestamp

    init(reason: UpstreamError, delay: Duration) {
        self.reason = reason
        self.delay = delay
        until = .from(now: delay)
    }

    package var description: String { "waiting until \(until.clock), \(delay.roundedSeconds) s: \(reason)" }
}

extension Duration {
    /// Whole seconds, rounded up.
    var roundedSeconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }

    /// Whole milliseconds for libcurl, at least 1 because 0 means "no limit" there.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        let (whole, isTooMuch) = seconds.multipliedReportingOverflow(by: 1000)
        return isTooMuch ? Int(Int32.max) : Int(clamping: max(1, whole + attoseconds / 1_000_000_000_000_000))
    }
}
