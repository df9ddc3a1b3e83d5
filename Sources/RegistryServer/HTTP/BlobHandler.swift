import NIOCore
import NIOHTTP1
import NIOPosix

/// An outbound event: write these bytes of this file now, as part of the body whose head has been written. Its promise
/// is kept when the kernel has taken them all.
///
/// Only this process can make one, so nothing that a client sends can name a file.
struct BlobBody: Sendable {
    let blob: OpenBlob
    let range: Range<Int64>
    /// Asked before each region, on the event loop: whether the rest may go out.
    let mayContinue: @Sendable () -> Bool
    /// Told how many bytes are about to go, and how many of them the kernel has just taken.
    let offered: @Sendable (Int64) -> Void
    let taken: @Sendable (Int64) -> Void
}

/// Turns a ``BlobBody`` into file regions, one after the other. Events and body parts both reach it through the event
/// loop's queue, in the order in which the response's task made them.
final class BlobHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Bytes of one `sendfile`, the step in which progress is known and a revocation takes effect.
    static let region: Int64 = 1 << 20
    /// A client that takes no more than a region in this time is cut off.
    private static let patience = TimeAmount.minutes(2)

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let body = event as? BlobBody else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        let done = promise ?? context.eventLoop.makePromise()
        let first = Self.region(of: body.range, from: body.range.lowerBound)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        send(first, of: body, when: load(first, of: body, context), done, bound)
    }

    /// Sends a region when it is in memory, and then the one after it, which is read from the disk meanwhile.
    private func send(
        _ region: Range<Int64>, of body: BlobBody, when loaded: EventLoopFuture<Void>, _ done: EventLoopPromise<Void>,
        _ context: NIOLoopBound<ChannelHandlerContext>
    ) {
        guard !region.isEmpty else { return done.succeed() }
        let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        loaded.assumeIsolated().whenComplete { _ in
            guard body.mayContinue() else { return done.fail(TransferCut.stopped) }
            let channel = context.value.channel
            let giveUp = context.value.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
            let next = Self.region(of: body.range, from: region.upperBound)
            let nextLoaded = handler.value.load(next, of: body, context.value)
            let written = context.value.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenComplete { result in
                giveUp.cancel()
                switch result {
                case .failure(let error): done.fail(error)
                case .success:
                    body.taken(region.upperBound - region.lowerBound)
                    handler.value.send(next, of: body, when: nextLoaded, done, context)
                }
            }
            body.offered(region.upperBound - region.lowerBound)
            let part = FileRegion(
                fileHandle: body.blob.handle, readerIndex: Int(region.lowerBound), endIndex: Int(region.upperBound))
            context.value.writeAndFlush(Self.wrapOutboundOut(.body(.fileRegion(part))), promise: written)
        }
    }

    /// `sendfile` on a cold disk would hold up every other client of this event loop, so what is not in memory is
    /// fetched by a thread that may wait.
    private func load(
        _ region: Range<Int64>, of body: BlobBody, _ context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        guard !region.isEmpty, !body.blob.isInMemory(region) else { return context.eventLoop.makeSucceededVoidFuture() }
        return NIOThreadPool.singleton.runIfActive(eventLoop: context.eventLoop) { body.blob.load(region) }
    }

    private static func region(of range: Range<Int64>, from start: Int64) -> Range<Int64> {
        start..<min(start + region, range.upperBound)
    }
}

/// Why a transfer was broken off from our side: the model was revoked, or the server stops.
enum TransferCut: Error {
    case stopped
}
