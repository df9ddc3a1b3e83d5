import Logging
import RegistryCatalog
import RegistryCore
import Synchronization

/// Takes transfers from the response path at the cost of a lock, and writes them in batches.
final class TransferRecorder: Sendable {
    /// A flood beyond this is dropped and logged: what is served matters more than what is counted.
    private static let capacity = 200_000

    private let waiting = Mutex<[Transfer]>([])
    private let bell = Bell()

    func add(_ transfer: Transfer) {
        let isDropped = waiting.withLock { waiting in
            guard waiting.count < Self.capacity else { return true }
            waiting.append(transfer)
            return false
        }
        if isDropped { Logger(label: "lapidary").error("transfer not counted: \(Self.capacity) are waiting already") }
        bell.ring()
    }

    func run(into catalog: Catalog) async throws {
        for await _ in bell.rings { await drain(into: catalog) }
        await drain(into: catalog)
    }

    private func drain(into catalog: Catalog) async {
        let batch = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !batch.isEmpty else { return }
        do {
            try await catalog.record(batch)
        } catch {
            Logger(label: "lapidary").error("\(batch.count) transfers not counted: \(error)")
        }
    }
}
