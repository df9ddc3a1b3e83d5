import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1 channel with one handler more, so that a blob can go from disk to socket by `sendfile`.
///
/// The handler stands right behind the response encoder, where a body may be a `FileRegion`; anywhere above it a body
/// is bytes in memory. Works for plain HTTP only: under TLS a region would have to be read and encrypted first.
struct BlobChannel: ServerChildChannel {
    let http: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
            try pipeline.addHandler(BlobHandler(), position: .after(encoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}

/// An outbound event: write these bytes of this file now, as part of the body whose head has been written.
/// Its promise is kept when the kernel has taken them all.
struct BlobPiece: Sendable {
    let blob: OpenBlob
    let range: Range<Int64>
    /// Called on the event loop with the number of bytes that the kernel has just taken.
    let progress: @Sendable (Int64) -> Void
}

/// Turns a ``BlobPiece`` into file regions. Events and body parts both reach it through the event loop's queue, in the
/// order in which the response's task made them.
final class BlobHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// One `sendfile` each, and the step in which progress is known.
    static let region: Int64 = 512 << 10
    /// A client that takes no more than a piece in this time is cut off (slower than 17 kB/s).
    static let patience = TimeAmount.minutes(4)

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let piece = event as? BlobPiece else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        let channel = context.channel
        let giveUp = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        var last = context.eventLoop.makeSucceededVoidFuture()
        var start = piece.range.lowerBound
        while start < piece.range.upperBound {
            let end = min(start + Self.region, piece.range.upperBound)
            let count = end - start
            let region = FileRegion(fileHandle: piece.blob.handle, readerIndex: Int(start), endIndex: Int(end))
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenSuccess { piece.progress(count) }
            context.write(Self.wrapOutboundOut(.body(.fileRegion(region))), promise: written)
            last = written.futureResult
            start = end
        }
        last.whenComplete { _ in giveUp.cancel() }
        last.cascade(to: promise)
        context.flush()
    }
}
