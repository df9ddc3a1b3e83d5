package import Dispatch

/// Runs blocking work (disk, hashing, a long computation) away from the cooperative pool and every event loop.
///
/// Dispatch's global queue brings threads of its own; the caller suspends. Not cancelled once begun.
package func blocking<Value: Sendable>(
    qos: DispatchQoS.QoSClass = .utility, _ work: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global(qos: qos).async { continuation.resume(with: Result { try work() }) }
    }
}
