import RegistryCore

/// Lets smoke tests run at once where memory allows; the others wait. Tests that somebody waits for go before
/// background ones, else first come, first served: a large test at the head is not overtaken, or it might wait for
/// ever.
package actor TestTurn {
    private struct Waiting {
        let id: Int
        let need: Int64
        let isUrgent: Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let machine: @Sendable () -> MemoryBudget
    private var budget = MemoryBudget(available: 0, cores: 1)
    private var waiting: [Waiting] = []
    private var nextID = 0

    /// - Parameter machine: what there is to give while no test runs.
    package init(of machine: @escaping @Sendable () -> MemoryBudget = MemoryBudget.ofThisMachine) {
        self.machine = machine
    }

    /// How many wait.
    package var queued: Int { waiting.count }

    /// - Parameters:
    ///   - need: bytes.
    ///   - say: told why the test waits, or that it takes more than there is.
    package nonisolated func hold<Value: Sendable>(
        _ need: Int64, isUrgent: Bool, say: @Sendable (String) async throws -> Void,
        _ body: () async throws -> Value
    ) async throws -> Value {
        if let message = await outlook(need) { try await say(message) }
        try await take(need, isUrgent)
        do {
            let value = try await body()
            await giveBack(need)
            return value
        } catch {
            await giveBack(need)
            throw error
        }
    }

    private func outlook(_ need: Int64) -> String? {
        measure()
        if budget.running > 0, !waiting.isEmpty || !budget.admits(need) {
            return "waiting for memory: the test needs \(Quantity.bytes(need)), and \(budget.running) "
                + "\(budget.running == 1 ? "other runs" : "others run") with \(Quantity.bytes(budget.granted))"
        }
        guard need > budget.available else { return nil }
        return "the test needs \(Quantity.bytes(need)), this machine has \(Quantity.bytes(budget.available)): it runs "
            + "alone, and slowly"
    }

    /// While nothing runs, all that is there is to be had; a running test's own pages would be taken for missing.
    private func measure() {
        if budget.running == 0 { budget = machine() }
    }

    private func take(_ need: Int64, _ isUrgent: Bool) async throws {
        try Task.checkCancellation()
        measure()
        if waiting.isEmpty, budget.admits(need) { return budget.take(need) }
        let id = nextID
        nextID += 1
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
                let place = isUrgent ? waiting.firstIndex { !$0.isUrgent } : nil
                waiting.insert(
                    Waiting(id: id, need: need, isUrgent: isUrgent, continuation: continuation),
                    at: place ?? waiting.endIndex)
                admit()
            }
        } onCancel: {
            Task { await leave(id) }
        }
    }

    private func leave(_ id: Int) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).continuation.resume(throwing: CancellationError())
        admit()
    }

    private func giveBack(_ need: Int64) {
        budget.giveBack(need)
        measure()
        admit()
    }

    private func admit() {
        while let first = waiting.first, budget.admits(first.need) {
            budget.take(first.need)
            waiting.removeFirst().continuation.resume()
        }
    }
}
