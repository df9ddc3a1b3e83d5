import Synchronization

/// What a sample hub was asked, in order; tests look here for what a client really sent.
package final class RequestLog: Sendable {
    package struct Entry: Sendable {
        package let method: String
        /// As it came: percent-encoded, with query.
        package let target: String
        /// The `Host` header.
        package let host: String
        package let authorization: String?
        package let range: String?
        package let acceptEncoding: String?
    }

    private static let limit = 10_000
    private let stored = Mutex<[Entry]>([])

    package init() {}

    /// The last ones, at most 10,000.
    package var entries: [Entry] { stored.withLock { $0 } }

    func append(_ entry: Entry) {
        stored.withLock { entries in
            if entries.count >= Self.limit { entries.removeFirst(Self.limit / 2) }
            entries.append(entry)
        }
    }
}
