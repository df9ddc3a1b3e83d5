import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryStorage
import Synchronization

/// Bytes that a fetch or an import may bring in, set aside before it begins; given back when the value goes.
package final class Reservation: Sendable {
    let repository: RepositoryID
    let bytes: Int64
    private let ledger: RoomLedger
    private let id: Int64

    fileprivate init(_ ledger: RoomLedger, id: Int64, _ repository: RepositoryID, _ bytes: Int64) {
        self.ledger = ledger
        self.id = id
        self.repository = repository
        self.bytes = bytes
    }

    deinit { release() }

    package func release() { ledger.remove(id) }
}

/// What is set aside by work under way.
final class RoomLedger: Sendable {
    private let state = Mutex((next: Int64(0), entries: [Int64: (repository: RepositoryID, bytes: Int64)]()))

    /// One look and one entry at a time, so that two cannot both find the last room.
    let turn = Turn()

    func add(_ repository: RepositoryID, _ bytes: Int64) -> Reservation {
        let id = state.withLock { state in
            state.next += 1
            state.entries[state.next] = (repository, bytes)
            return state.next
        }
        return Reservation(self, id: id, repository, bytes)
    }

    fileprivate func remove(_ id: Int64) { state.withLock { _ = $0.entries.removeValue(forKey: id) } }

    /// Bytes set aside for the namespaces that fit.
    func reserved(where fits: (String) -> Bool) -> Int64 {
        state.withLock { state in
            state.entries.values.filter { fits($0.repository.namespace) }
                .reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue }
        }
    }
}

/// A quota that would be passed.
package struct QuotaRefusal: Error, CustomStringConvertible {
    let quota: String
    let repository: RepositoryID
    let used: Int64
    let reserved: Int64
    let wanted: Int64
    let allowed: Int64

    package var description: String {
        let under = reserved > 0 ? " and \(Quantity.bytes(reserved)) set aside by fetches under way" : ""
        return
            "rule quota: \(repository) needs \(Quantity.bytes(wanted)), but of the \(Quantity.bytes(allowed)) allowed "
            + "for \(quota) \(Quantity.bytes(used)) are used\(under); nothing was fetched. 'lapidary gc --dry-run' tells "
            + "what can be let go of, 'lapidary storage' who uses what; the bound stands under 'quotas' in the policy"
    }
}

extension Registry {
    /// Sets room aside for bytes that are about to come in: within the policy's quotas, and on the disk.
    ///
    /// Keep the reservation until the rows that name the bytes are written; from then on the catalogue counts them.
    /// - Throws: ``QuotaRefusal``, ``StorageError/full``, ``OperationError/diskAway(_:)``
    package func reserveRoom(for bytes: Int64, repository: RepositoryID) async throws -> Reservation {
        try await room.turn.hold {
            try await requireDisk()
            if bytes > 0 { try await requireQuota(bytes, repository) }
            try await blocking { [blobs] in try blobs.requireSpace(for: bytes) }
            return room.add(repository, bytes)
        }
    }

    /// A store whose disk was not mounted must not be filled anew beside it.
    private func requireDisk() async throws {
        guard try await !blocking({ [blobs] in blobs.isPresent }), try await catalog.keepsBlobs() else { return }
        throw OperationError.diskAway("\(blobs.layout.root)/blobs")
    }

    private func requireQuota(_ bytes: Int64, _ repository: RepositoryID) async throws {
        let quotas = policy.quotas
        let shares = quotas.namespaces.filter { $0.match.matches(repository.namespace) }
        guard quotas.total != nil || !shares.isEmpty else { return }
        // Before the rows: what is recorded between the two looks counts twice, never not at all.
        let reserved = room.reserved { _ in true }
        let reservedShares = shares.map { share in room.reserved { share.match.matches($0) } }
        let usage = try await catalog.usage()
        func require(_ quota: String, _ used: Int64, _ reserved: Int64, _ allowed: Int64) throws {
            let sum = used.addingReportingOverflow(reserved)
            let after = sum.partialValue.addingReportingOverflow(bytes)
            guard sum.overflow || after.overflow || after.partialValue > allowed else { return }
            throw QuotaRefusal(
                quota: quota, repository: repository, used: used, reserved: reserved, wanted: bytes, allowed: allowed)
        }
        if let total = quotas.total { try require("the whole store", usage.total, reserved, total) }
        for (share, reserved) in zip(shares, reservedShares) {
            let used = usage.bytes { share.match.matches($0) }
            try require("namespace \(share.match.text.printable)", used, reserved, share.size)
        }
    }
}
