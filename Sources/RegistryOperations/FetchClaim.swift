import Synchronization

/// What a fetch claims of the store from before its first look until its snapshot is recorded: blobs that nobody may
/// take away, and room. Given up at the latest when the last reference goes.
final class FetchClaim: Sendable {
    private let state = Mutex((hold: BlobHold?.none, reservation: Reservation?.none))

    func hold(of registry: Registry) -> BlobHold {
        state.withLock { state in
            let hold = state.hold ?? BlobHold(registry.holds)
            state.hold = hold
            return hold
        }
    }

    func keep(_ reservation: Reservation) { state.withLock { $0.reservation = reservation } }

    func release() {
        state.withLock { state in
            state.hold?.release()
            state.reservation?.release()
            state = (nil, nil)
        }
    }
}
