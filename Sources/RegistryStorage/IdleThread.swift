import CLinux
import Foundation

/// Runs work that nobody waits for on a thread of its own, with the least priority for CPU and disk that there is.
package func idling<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread {
            lapidary_idle_thread()
            continuation.resume(with: Result { try work() })
        }
        thread.name = "scrub"
        thread.start()
    }
}
