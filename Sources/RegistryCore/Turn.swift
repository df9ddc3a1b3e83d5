/// Lets some pieces of work run at a time, one unless it says otherwise; first come, first served. Who is cancelled
/// while waiting leaves the queue.
package actor Turn {
    private struct Waiting {
        let id: Int
        /// Wants no turn, but that nobody has one.
        let isForRest: Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let width: Int
    private var taken = 0
    private var waiting: [Waiting] = []
    private var nextID = 0

    /// - Parameter width: how many pieces run at a time; at least 1.
    package init(width: Int = 1) { self.width = max(1, width) }

    /// - Throws: `CancellationError` where the task is cancelled before its turn comes.
    package nonisolated func hold<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        try await take()
        do {
            let value = try await body()
            await giveBack()
            return value
        } catch {
            await giveBack()
            throw error
        }
    }

    /// Waits until nobody holds it.
    package func rest() async throws {
        try Task.checkCancellation()
        if taken > 0 { try await wait(isForRest: true) }
    }

    private func take() async throws {
        try Task.checkCancellation()
        if taken < width { taken += 1 } else { try await wait(isForRest: false) }
    }

    private func wait(isForRest: Bool) async throws {
        let id = nextID
        nextID += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                // Cancelled between the check above and here: the handler below has run already and found nothing.
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiting.append(Waiting(id: id, isForRest: isForRest, continuation: continuation))
                }
            }
        } onCancel: {
            Task { await leave(id) }
        }
    }

    private func leave(_ id: Int) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).continuation.resume(throwing: CancellationError())
    }

    private func giveBack() {
        if let next = waiting.firstIndex(where: { !$0.isForRest }) {
            return waiting.remove(at: next).continuation.resume()
        }
        taken -= 1
        guard taken == 0 else { return }
        for waiting in waiting { waiting.continuation.resume() }
        waiting = []
    }
}

/// A turn for each key, made when it is wanted and gone when nobody holds it.
package actor Turns<Key: Hashable & Sendable> {
    private var turns: [Key: (turn: Turn, users: Int)] = [:]

    package init() {}

    package nonisolated func hold<Value: Sendable>(_ key: Key, _ body: () async throws -> Value) async throws -> Value {
        let turn = await enter(key)
        do {
            let value = try await turn.hold(body)
            await leave(key)
            return value
        } catch {
            await leave(key)
            throw error
        }
    }

    private func enter(_ key: Key) -> Turn {
        let entry = turns[key] ?? (Turn(), 0)
        turns[key] = (entry.turn, entry.users + 1)
        return entry.turn
    }

    private func leave(_ key: Key) {
        guard let entry = turns[key] else { return }
        turns[key] = entry.users > 1 ? (entry.turn, entry.users - 1) : nil
    }
}
