import Synchronization

/// Counts requests in fixed windows of five minutes, for each of the Hub's buckets (hub-protocol section 7).
final class RateWindow: Sendable {
    private static let length: Int64 = 300

    private let quota: Int
    private let used = Mutex<[String: (window: Int64, count: Int)]>([:])

    init(quota: Int) { self.quota = quota }

    /// What is left of a bucket after one more request, and the seconds until it is full again.
    /// - Parameter now: seconds, from any fixed point.
    func take(_ bucket: String, now: Int64) -> (isAllowed: Bool, fields: [(name: String, value: String)]) {
        let (window, reset) = (now / Self.length, Self.length - now % Self.length)
        let count = used.withLock { used in
            let before = used[bucket]?.window == window ? used[bucket]?.count ?? 0 : 0
            used[bucket] = (window, before + 1)
            return before + 1
        }
        let fields = [
            ("RateLimit", "\"\(bucket)\";r=\(max(0, quota - count));t=\(reset)"),
            ("RateLimit-Policy", "\"fixed window\";\"\(bucket)\";q=\(quota);w=\(Self.length)"),
        ]
        return (count <= quota, fields)
    }
}
