/// Whether a transfer is in time. What we ourselves hold up, while the bandwidth is used up, is not counted: a slow link
/// by our own choice is no fault of upstream's (reliability C14).
struct TransferClock {
    private let deadlines: Deadlines
    private let total: Duration
    private var began: ContinuousClock.Instant
    /// Nil once the header has arrived.
    private var headEnds: ContinuousClock.Instant?
    private(set) var pausedSince: ContinuousClock.Instant?
    /// The stretch over which the rate is measured, and what came in it.
    private var stretch: (begin: ContinuousClock.Instant, bytes: Int)

    init(_ deadlines: Deadlines, total: Duration, now: ContinuousClock.Instant = .now) {
        self.deadlines = deadlines
        self.total = total
        began = now
        headEnds = now + deadlines.firstByte
        stretch = (now, 0)
    }

    var hasHead: Bool { headEnds == nil }

    mutating func takeHead(now: ContinuousClock.Instant = .now) {
        headEnds = nil
        stretch = (now, 0)
    }

    mutating func take(_ bytes: Int) { stretch.bytes &+= bytes }

    mutating func pause(now: ContinuousClock.Instant = .now) {
        if pausedSince == nil { pausedSince = now }
    }

    mutating func goOn(now: ContinuousClock.Instant = .now) {
        guard let since = pausedSince else { return }
        pausedSince = nil
        began += now - since
        stretch.begin += now - since
    }

    /// Why the transfer is to be given up; nil while it is in time.
    mutating func fault(now: ContinuousClock.Instant) -> TransferFault? {
        guard pausedSince == nil else { return nil }
        if let headEnds {
            guard now >= headEnds else { return nil }
            return TransferFault(.noAnswer, "no answer within \(deadlines.firstByte.roundedSeconds) s")
        }
        guard now - began < total else {
            return TransferFault(.tooSlow, "it was not done within \(total.roundedSeconds) s")
        }
        let elapsed = now - stretch.begin
        guard elapsed >= deadlines.slowFor else { return nil }
        let rate = Double(stretch.bytes) / (elapsed / .seconds(1))
        stretch = (now, 0)
        guard rate < Double(deadlines.slowest) else { return nil }
        return TransferFault(
            .tooSlow,
            "\(Int64(rate)) bytes a second came for \(elapsed.roundedSeconds) s, where \(deadlines.slowest) are expected"
        )
    }

    /// When to look again at the latest.
    var next: ContinuousClock.Instant {
        headEnds ?? min(began + total, stretch.begin + deadlines.slowFor)
    }
}
