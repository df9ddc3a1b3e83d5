import Synchronization

/// Trouble that a sample hub makes on purpose, so that tests can see what a client makes of it.
package struct Fault: Sendable {
    package enum Kind: Sendable {
        /// The connection ends after so many bytes of the body.
        case cut(after: Int)
        /// This status instead of an answer, with a header line of its own (`Retry-After: 1`) if any.
        case status(Int, header: String? = nil)
        /// 429 with `RateLimit: "…";r=0;t=<seconds>`.
        case rateLimit(seconds: Int)
        /// Ranges are not honoured: 200 and the whole.
        case wholeInsteadOfRange
        /// 206 whose Content-Range is off by so many bytes; the body is what was asked.
        case shiftedRange(by: Int64)
        /// The header says gzip; the body is not.
        case gzip
        /// So many bytes more than the file has, without a Content-Length.
        case excess(Int)
        /// So many bytes fewer than the file has, without a Content-Length, ended properly.
        case shortage(Int)
        /// 302 to this address.
        case redirect(to: String)
        /// The signed address has run out before it is used.
        case expiredSignature
        /// This header line replaces the answer's own.
        case header(String)
        /// No answer for so long.
        case silence(Duration)
        /// 200 and a page for people: a captive portal.
        case page(String)
    }

    package let kind: Kind
    /// What the request's target must contain for the fault to happen.
    package let target: String
    /// How many requests meet it.
    package let times: Int

    package init(_ kind: Kind, at target: String = "", times: Int = .max) {
        self.kind = kind
        self.target = target
        self.times = times
    }
}

/// The faults still to come.
final class FaultPlan: Sendable {
    private let faults: [Fault]
    private let left: Mutex<[Int]>

    init(_ faults: [Fault]) {
        self.faults = faults
        left = Mutex(faults.map(\.times))
    }

    /// The first fault that this request meets.
    func next(for target: String) -> Fault.Kind? {
        left.withLock { left in
            for (index, fault) in faults.enumerated() where left[index] > 0 {
                guard fault.target.isEmpty || target.contains(fault.target) else { continue }
                left[index] -= 1
                return fault.kind
            }
            return nil
        }
    }
}
