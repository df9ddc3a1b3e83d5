/// How a client behaves towards its upstream, beside whom it asks.
package struct HubOptions: Sendable {
    /// Requests for bytes of files that run at once, over all files; at least 1.
    package var connections: Int
    package var bandwidth: BandwidthSchedule
    /// Bytes that one request of a large file asks for. A request costs a round trip; what is under way when a file
    /// ends is what its hash has still to follow: 8 times 16 MiB take 0.1 s.
    package var piece: Int64

    package init(connections: Int = 8, bandwidth: BandwidthSchedule = .unlimited, piece: Int64 = 16 << 20) {
        self.connections = connections
        self.bandwidth = bandwidth
        self.piece = piece
    }
}
