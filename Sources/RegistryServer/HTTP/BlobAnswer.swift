import Hummingbird
import NIOCore
import Synchronization

/// One answer that carries bytes of a blob: sends them, and tells once how it ended.
///
/// Whatever becomes of it, `ended` is called exactly once: when the last byte is with the kernel, or when the answer
/// is dropped before that (client gone, model revoked, server stopped, head never written).
final class BlobAnswer: Sendable {
    private let blob: OpenBlob
    private let range: Range<Int64>
    private let mayBeSent: @Sendable () -> Bool
    private let ended: @Sendable (_ sent: Int64, _ isComplete: Bool) -> Void
    private let isCancelled = Atomic(false)
    /// Bytes that went to the connection, and of those the ones that the kernel has taken.
    private let offered = Atomic<Int64>(0)
    private let taken = Atomic<Int64>(0)

    init(
        _ blob: OpenBlob, range: Range<Int64>, mayBeSent: @escaping @Sendable () -> Bool,
        ended: @escaping @Sendable (_ sent: Int64, _ isComplete: Bool) -> Void
    ) {
        self.blob = blob
        self.range = range
        self.mayBeSent = mayBeSent
        self.ended = ended
    }

    deinit {
        let length = range.upperBound - range.lowerBound
        let taken = taken.load(ordering: .relaxed)
        guard taken < length else { return ended(length, true) }
        // Of the region that was on its way an unknown part has arrived. It is counted, all but the last byte of the
        // answer: a client that resumes where its bytes end must not seem to leave a gap.
        ended(min(offered.load(ordering: .relaxed), length - 1), false)
    }

    /// The body that sends the range over the connection that asked for it. An error closes the connection, which is
    /// how a client learns that the file is not complete.
    func body(on channel: any Channel) -> ResponseBody {
        ResponseBody(contentLength: Int(range.upperBound - range.lowerBound)) { writer in
            try await withTaskCancellationHandler {
                try await channel.triggerUserOutboundEvent(self.event).get()
            } onCancel: {
                self.isCancelled.store(true, ordering: .relaxed)
            }
            try await writer.finish(nil)
        }
    }

    private var event: BlobBody {
        BlobBody(
            blob: blob, range: range,
            mayContinue: { !self.isCancelled.load(ordering: .relaxed) && self.mayBeSent() },
            offered: { self.offered.wrappingAdd($0, ordering: .relaxed) },
            taken: { self.taken.wrappingAdd($0, ordering: .relaxed) })
    }
}
