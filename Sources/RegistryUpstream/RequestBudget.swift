import RegistryCore
import Synchronization

/// What upstream still lets us ask, in each of its buckets: it says so in every answer (hub-protocol section 7).
///
/// Shared by all of a client's requests, so that one 429 makes all of its kind wait, and a window that runs low is made
/// to last. Other origins' storage is nobody's bucket.
final class RequestBudget: Sendable {
    enum Kind: Hashable, Sendable {
        /// Any address with `/resolve/` in it, and what it leads to on the same origin.
        case resolvers
        case api

        init(_ address: WebAddress) {
            self = address.text.contains("/resolve/") || address.text.contains("/resolve-cache/") ? .resolvers : .api
        }
    }

    private struct Bucket {
        /// Requests left in this window; nil where upstream has not said.
        var remaining: Int64?
        var quota: Int64?
        var resetsAt: ContinuousClock.Instant?
        /// Upstream asked for silence until then.
        var silentUntil: ContinuousClock.Instant?
    }

    /// However long upstream asks for silence, after a day it is asked whether it still means it: a date in the year
    /// 9999 must not end the mirroring.
    private static let longestSilence: Int64 = 86_400

    private let buckets = Mutex<[Kind: Bucket]>([:])

    /// Takes one request of a kind.
    /// - Parameter jitter: 0 to 1, so that several waiters do not come back together.
    /// - Returns: how long to wait and ask again; zero where it was granted.
    func take(_ kind: Kind, now: ContinuousClock.Instant = .now, jitter: Double = .random(in: 0...1)) -> Duration {
        buckets.withLock { buckets in
            var bucket = buckets[kind] ?? Bucket()
            defer { buckets[kind] = bucket }
            if let silent = bucket.silentUntil {
                if now < silent { return (silent - now) + .seconds(2) * jitter }
                bucket.silentUntil = nil
            }
            guard let reset = bucket.resetsAt, let remaining = bucket.remaining else { return .zero }
            guard now < reset else {
                bucket.resetsAt = nil
                bucket.remaining = nil
                return .zero
            }
            // The window ends within its last second; huggingface_hub adds it too.
            guard remaining > 0 else { return (reset - now) + .seconds(1) + .seconds(4) * jitter }
            bucket.remaining = remaining - 1
            return .zero
        }
    }

    /// The pause that makes the last tenth of a window last until its end; zero before that.
    func pause(_ kind: Kind, now: ContinuousClock.Instant = .now) -> Duration {
        buckets.withLock { buckets in
            guard let bucket = buckets[kind], let remaining = bucket.remaining, let quota = bucket.quota,
                let reset = bucket.resetsAt, now < reset, remaining > 0, remaining < quota / 10
            else { return .zero }
            return (reset - now) / Double(remaining + 1)
        }
    }

    /// Learns from an answer of upstream's own origin.
    func learn(from head: ResponseHead, _ kind: Kind, now: ContinuousClock.Instant = .now) {
        let limit = head.rateLimit
        let asked = head.status == 429 || head.status == 503 ? head.secondsToWait : nil
        guard limit != nil || asked != nil else { return }
        buckets.withLock { buckets in
            var bucket = buckets[kind] ?? Bucket()
            if let limit {
                bucket.remaining = limit.remaining
                bucket.quota = limit.quota ?? bucket.quota
                bucket.resetsAt = now + .seconds(limit.seconds)
            }
            if let asked { bucket.silentUntil = now + .seconds(min(asked, Self.longestSilence)) }
            buckets[kind] = bucket
        }
    }
}

/// What `RateLimit` and `RateLimit-Policy` say: `"resolvers";r=2999;t=172` and `"fixed window";"resolvers";q=3000;w=300`.
struct RateLimit: Equatable {
    let remaining: Int64
    /// Until the window ends.
    let seconds: Int64
    let quota: Int64?
}

extension ResponseHead {
    /// Nil where there is none, or one that cannot be read: then upstream has not said.
    var rateLimit: RateLimit? {
        guard let field = self["ratelimit"], let remaining = Self.number("r", in: field),
            let seconds = Self.number("t", in: field), seconds <= 86_400
        else { return nil }
        return RateLimit(
            remaining: remaining, seconds: seconds, quota: self["ratelimit-policy"].flatMap { Self.number("q", in: $0) }
        )
    }

    /// A whole number among the parameters of a field's first item.
    private static func number(_ name: String, in field: String) -> Int64? {
        let item = field.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        for part in item.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\t" } }
            if sides.count == 2, sides[0] == name, let number = Int64(sides[1]), number >= 0 { return number }
        }
        return nil
    }
}
