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
    private let changes = Mutex<[(target: String, by: Int)]>([])

    package init() {}

    /// The last ones, at most 10,000.
    package var entries: [Entry] { stored.withLock { $0 } }

    /// The most requests whose targets begin like this that were being answered at the same time.
    package func mostAtOnce(at prefix: String) -> Int {
        var now = 0
        return changes.withLock { changes in
            changes.lazy.filter { $0.target.hasPrefix(prefix) }.map {
                now += $0.by
                return now
            }.max() ?? 0
        }
    }

    func end(_ entry: Entry) { changes.withLock { $0.append((entry.target, -1)) } }

    func append(_ entry: Entry) {
        changes.withLock { changes in
            if changes.count >= 4 * Self.limit { changes.removeFirst(2 * Self.limit) }
            changes.append((entry.target, 1))
        }
        stored.withLock { entries in
            if entries.count >= Self.limit { entries.removeFirst(Self.limit / 2) }
            entries.append(entry)
        }
    }
}
