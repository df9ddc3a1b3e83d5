package import RegistryCore
import Synchronization

/// What the background re-tests of a process remember: when to look again, and what went wrong last.
final class RetestWatch: Sendable {
    private struct State {
        var trouble: RetestTrouble?
        /// Trials that the operator cancelled: not begun again before the next round.
        var postponed: Set<Int64> = []
    }

    /// Something may have changed: look again.
    let bell = Bell()
    private let state = Mutex(State())

    var trouble: RetestTrouble? { state.withLock { $0.trouble } }
    func note(_ trouble: RetestTrouble?) { state.withLock { $0.trouble = trouble } }

    var postponed: Set<Int64> { state.withLock { $0.postponed } }
    func postpone(_ snapshot: Int64) { state.withLock { _ = $0.postponed.insert(snapshot) } }
    func forgetPostponed() { state.withLock { $0.postponed = [] } }
}

/// Why re-tests do not go on: something of this machine, never of a model.
package struct RetestTrouble: Codable, Equatable, Sendable {
    package let message: String
    package let at: Timestamp

    package init(message: String, at: Timestamp = .now) {
        self.message = message
        self.at = at
    }
}
