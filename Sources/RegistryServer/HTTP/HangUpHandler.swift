import NIOCore
import NIOHTTP1

/// An outbound event: from now on this connection serves one answer only, and is closed when the client closes its
/// side. Without it a client that has gone is noticed at the next write.
struct CloseWithClient: Sendable {}

/// Closes a connection that was told to ``CloseWithClient`` when its client hangs up, so that the channel's
/// `closeFuture` tells the handler of that answer.
///
/// Hummingbird's own `consumeWithInboundCloseHandler` does not do: it ends the process with a failed precondition when
/// the client goes after the body was read (2.28.1).
final class HangUpHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart

    private var isClosedByClient = false
    private var closesWithClient = false

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is CloseWithClient else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        closesWithClient = true
        if isClosedByClient { context.close(promise: nil) }
        promise?.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            isClosedByClient = true
            if closesWithClient { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }
}
