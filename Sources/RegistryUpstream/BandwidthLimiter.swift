import Foundation

/// One token bucket over all bodies of files that a client fetches. Lives on the transfer thread.
///
/// A transfer that finds it empty is paused; the loop wakes it when there is something again. What is taken may exceed
/// what was there by one delivery of libcurl's, which the next ones then wait for.
struct BandwidthLimiter {
    private let schedule: BandwidthSchedule
    private var tokens = 0.0
    private var filled: ContinuousClock.Instant
    private var limit: Int64?

    init(_ schedule: BandwidthSchedule, now: ContinuousClock.Instant = .now, at moment: Date = .now) {
        self.schedule = schedule
        filled = now
        limit = schedule.limit(at: moment)
    }

    /// Puts in what the time since the last call allows; a window of the day may have begun or ended meanwhile.
    mutating func fill(now: ContinuousClock.Instant = .now, at moment: Date = .now) {
        guard schedule != .unlimited else { return }
        limit = schedule.limit(at: moment)
        defer { filled = now }
        guard let limit else { return }
        // A tenth of a second is what may come in one go after a silence.
        tokens = min(tokens + Double(limit) * ((now - filled) / .seconds(1)), Double(limit) / 10)
    }

    var isEmpty: Bool { limit != nil && tokens <= 0 }

    mutating func take(_ bytes: Int) {
        if limit != nil { tokens -= Double(bytes) }
    }

    /// How long until there is something again.
    var wait: Duration {
        guard let limit, tokens <= 0 else { return .zero }
        return .seconds(-tokens / Double(limit)) + .milliseconds(1)
    }
}
