/// Lets so many requests for bytes of files run at a time, over all files of a client; first come, first served. Who is
/// cancelled while waiting leaves the queue.
actor ConnectionBudget {
    private struct Waiting {
        let id: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private var free: Int
    private var waiting: [Waiting] = []
    private var nextID = 0

    init(_ connections: Int) { free = max(1, connections) }

    nonisolated func hold<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
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

    private func take() async throws {
        try Task.checkCancellation()
        guard free == 0 else {
            free -= 1
            return
        }
        let id = nextID
        nextID += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                // Cancelled between the check above and here: the handler below has run already and found nothing.
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiting.append(Waiting(id: id, continuation: continuation))
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
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().continuation.resume() }
    }
}
