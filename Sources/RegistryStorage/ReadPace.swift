import Foundation
import Synchronization

/// Keeps the reading of a scrub below a rate, over all files that share it, and ends it when nobody wants it any more.
package final class ReadPace: Sendable {
    private struct State {
        /// Seconds, of the system's uptime, at which what was read so far is paid for.
        var paidAt: TimeInterval
        var isCancelled = false
    }

    private let bytesPerSecond: Double?
    private let state = Mutex(State(paidAt: ProcessInfo.processInfo.systemUptime))

    /// - Parameter bytesPerSecond: nil for no bound.
    package init(bytesPerSecond: Int64?) { self.bytesPerSecond = bytesPerSecond.map { Double(max(1, $0)) } }

    package func cancel() { state.withLock { $0.isCancelled = true } }

    /// Called after each piece; sleeps as long as the rate asks for. Blocks.
    /// - Throws: `CancellationError`
    func take(_ bytes: Int) throws {
        let now = ProcessInfo.processInfo.systemUptime
        let (isCancelled, wait) = state.withLock { state -> (Bool, TimeInterval) in
            guard let bytesPerSecond else { return (state.isCancelled, 0) }
            state.paidAt = max(state.paidAt, now - 1) + Double(bytes) / bytesPerSecond
            return (state.isCancelled, state.paidAt - now)
        }
        if isCancelled { throw CancellationError() }
        var rest = wait
        // In small steps, so that a low rate does not hold up the end of the process.
        while rest > 0 {
            Thread.sleep(forTimeInterval: min(rest, 0.1))
            rest -= 0.1
            if state.withLock({ $0.isCancelled }) { throw CancellationError() }
        }
    }
}
