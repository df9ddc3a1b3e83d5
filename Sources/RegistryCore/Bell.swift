/// Wakes one loop that looks for itself what there is to do: rings from any thread, of which those that come while it
/// is busy are one.
package struct Bell: Sendable {
    /// What the loop waits on; over when ``finish()`` was called and the last ring was heard.
    package let rings: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    package init() { (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    package func ring() { continuation.yield() }
    package func finish() { continuation.finish() }
}
