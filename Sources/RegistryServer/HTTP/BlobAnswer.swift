import Hummingbird
import NIOCore
import RegistryCatalog
import RegistryCore
import Synchronization

/// One answer that carries bytes of a blob: sends them, and tells once how it ended.
///
/// Whatever becomes of it, `ended` is called exactly once: when the last byte is with the kernel, or when the answer
/// is dropped before that (client gone, model revoked, server stopped, head never written).
final class BlobAnswer: Sendable {
    /// Enough that the cost of a piece does not show, little enough that a revocation takes effect at once.
    private static let piece: Int64 = 4 << 20

    private let blob: OpenBlob
    private let range: Range<Int64>
    private let isRevoked: @Sendable () -> Bool
    private let ended: @Sendable (_ sent: Int64, _ isComplete: Bool) -> Void
    /// Bytes that went to the connection, and of those the ones that the kernel has taken.
    private let offered = Atomic<Int64>(0)
    private let sent = Atomic<Int64>(0)

    init(
        _ blob: OpenBlob, range: Range<Int64>, isRevoked: @escaping @Sendable () -> Bool,
        ended: @escaping @Sendable (_ sent: Int64, _ isComplete: Bool) -> Void
    ) {
        self.blob = blob
        self.range = range
        self.isRevoked = isRevoked
        self.ended = ended
    }

    deinit {
        let length = range.upperBound - range.lowerBound
        let taken = sent.load(ordering: .relaxed)
        guard taken < length else { return ended(length, true) }
        // Of the region that was on its way an unknown part has arrived. It is counted, all but the last byte of the
        // answer: a client that resumes where its bytes end must not seem to leave a gap.
        ended(min(taken + BlobHandler.region, offered.load(ordering: .relaxed), length - 1), false)
    }

    /// The body that sends the range over the connection that asked for it.
    func body(on channel: any Channel) -> ResponseBody {
        ResponseBody(contentLength: Int(range.upperBound - range.lowerBound)) { writer in
            try await self.send(on: channel)
            try await writer.finish(nil)
        }
    }

    /// A piece at a time, the next one only when the kernel has taken the former; meanwhile that next one is brought
    /// into memory. An error closes the connection, which is how a client learns that the file is not complete.
    private func send(on channel: any Channel) async throws {
        var piece = piece(from: range.lowerBound)
        try await prefetch(piece)
        while !piece.isEmpty {
            guard !isRevoked() else { throw TransferCut.revoked }
            try Task.checkCancellation()
            let next = self.piece(from: piece.upperBound)
            async let ready: Void = prefetch(next)
            let event = BlobPiece(blob: blob, range: piece) { count in
                self.sent.wrappingAdd(count, ordering: .relaxed)
            }
            offered.wrappingAdd(piece.upperBound - piece.lowerBound, ordering: .relaxed)
            try await channel.triggerUserOutboundEvent(event).get()
            try await ready
            piece = next
        }
    }

    private func piece(from start: Int64) -> Range<Int64> { start..<min(start + Self.piece, range.upperBound) }

    private func prefetch(_ piece: Range<Int64>) async throws {
        guard !piece.isEmpty else { return }
        try await blocking { [blob] in blob.prefetch(piece) }
    }
}

/// Why a transfer was broken off from our side.
enum TransferCut: Error {
    case revoked
}
