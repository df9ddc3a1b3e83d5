import Synchronization

/// How often the running transfers of a snapshot were cut, because bytes of it turned out not to be right.
final class TransferCuts: Sendable {
    private let counts = Mutex<[Int64: Int]>([:])

    func count(of snapshot: Int64) -> Int { counts.withLock { $0[snapshot] ?? 0 } }

    func cut(_ snapshots: some Sequence<Int64>) {
        counts.withLock { counts in for snapshot in snapshots { counts[snapshot, default: 0] += 1 } }
    }
}

/// Lets a transfer go on for as long as what it sends may be served. Take it before the file is opened: what was found
/// to be damaged before that is no longer there to be opened.
package struct TransferPass: Sendable {
    let registry: Registry
    let snapshot: Int64
    let cuts: Int

    /// Asked between the pieces of a transfer, so it looks at memory only.
    package var isValid: Bool { !registry.isRevoked(snapshot) && registry.cuts.count(of: snapshot) == cuts }
}

extension Registry {
    package func pass(for snapshot: Int64) -> TransferPass {
        TransferPass(registry: self, snapshot: snapshot, cuts: cuts.count(of: snapshot))
    }
}
