import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's HTTP/1 channel with two handlers more: one lets a blob go from disk to socket by `sendfile`, one
/// notices when the client of a long answer has gone.
///
/// ``BlobHandler`` stands right behind the response encoder, where a body may be a `FileRegion`; anywhere above it a body
/// is bytes in memory. Works for plain HTTP only: under TLS a region would have to be read and encrypted first.
struct BlobChannel: ServerChildChannel {
    let http: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
            try pipeline.addHandlers([BlobHandler(), HangUpHandler()], position: .after(encoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}
