import RegistryCore
import Synchronization

/// One file on its way into a sink: in one stream where it is small or upstream can do no better, else in pieces over
/// several connections.
struct FileFetch: Sendable {
    /// The file, and what its answers must say.
    struct Subject: Sendable {
        let file: UpstreamFile
        let commit: CommitID
        let home: WebAddress
        var size: Int64 { file.size }
    }

    /// How often upstream may begin again with other content.
    private static let changes = 2

    let client: HubClient
    let start: WebAddress
    let about: RegistryUpstream.Subject
    let subject: Subject
    let sink: any ByteSink
    let progress: FetchProgress
    private let storage = StorageAddress()

    init(
        _ client: HubClient, _ start: WebAddress, about: RegistryUpstream.Subject, _ subject: Subject,
        into sink: any ByteSink, progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.client = client
        self.start = start
        self.about = about
        self.subject = subject
        self.sink = sink
        let missing = sink.missing.reduce(0 as Int64) { $0 + ($1.upperBound - $1.lowerBound) }
        self.progress = FetchProgress(from: subject.size - missing, progress)
    }

    func run() async throws {
        var changes = 0
        var isStream = false
        var isAnew = false
        while !sink.missing.isEmpty {
            do {
                if isStream {
                    try await stream()
                } else if !isAnew, let validator = sink.validator {
                    try await pieces(validator)
                } else {
                    isAnew = false
                    try await open()
                }
            } catch PieceReceiver.Turn.streamOnly {
                isStream = true
            } catch PieceReceiver.Turn.changed {
                changes += 1
                guard changes <= Self.changes else { throw UpstreamError.contentChanged(subject.file.path.text) }
                isAnew = true
            }
        }
    }

    /// The first request of a file of which nothing is here, or nothing that still counts. Of a large one it asks for the
    /// first piece, and for the others as soon as the answer says under which tag they may be had.
    private func open() async throws {
        let first = 0..<min(subject.size, client.options.piece)
        guard first.upperBound < subject.size else {
            return try await attempt(PieceReceiver(subject, .whole, into: sink, progress: progress))
        }
        let (openings, opened) = AsyncStream<Void>.makeStream()
        let receiver = PieceReceiver(subject, .opening(first), into: sink, progress: progress) { opened.yield() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { opened.finish() }
                try await attempt(receiver)
            }
            var isOpen = false
            for await _ in openings {
                isOpen = true
                break
            }
            // The whole may have come instead of its beginning; then there is nothing else to ask for.
            if isOpen, let validator = sink.validator, receiver.end == first.upperBound {
                let rest = first.upperBound..<subject.size
                group.addTask { try await pieces(validator, of: [rest], beside: 1) }
            }
            try await group.waitForAll()
        }
    }

    /// Everything from the first byte in one answer; where that breaks off and has no tag, from the first byte again.
    private func stream() async throws {
        try await client.persistently(progress: { subject.size - (sink.missing.first?.count64 ?? 0) }) {
            // All may have come before the connection was given up.
            guard !sink.missing.isEmpty else { return }
            try await send(.whole, to: PieceReceiver(subject, .whole, into: sink, progress: progress))
        }
    }

    private func pieces(_ validator: String) async throws {
        try await pieces(validator, of: sink.missing, beside: 0)
    }

    private func pieces(_ validator: String, of missing: [Range<Int64>], beside others: Int) async throws {
        let queue = PieceQueue(missing.flatMap { $0.split(every: client.options.piece) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            var workers = min(max(1, client.options.connections - others), queue.count)
            if storage.isUnknown {
                // One asks the hub where the bytes lie; the others then go there at once.
                let (openings, opened) = AsyncStream<Void>.makeStream()
                group.addTask {
                    defer { opened.finish() }
                    try await work(on: queue, validator) { opened.yield() }
                }
                var isOpen = false
                for await _ in openings {
                    isOpen = true
                    break
                }
                guard isOpen else { return try await group.waitForAll() }
                workers -= 1
            }
            for _ in 0..<max(0, workers) { group.addTask { try await work(on: queue, validator) {} } }
            try await group.waitForAll()
        }
    }

    private func work(
        on queue: PieceQueue, _ validator: String, _ opened: @escaping @Sendable () -> Void
    ) async throws {
        while let piece = queue.next() {
            let ask = PieceReceiver.Ask.rest(piece, validator: validator)
            try await attempt(PieceReceiver(subject, ask, into: sink, progress: progress, opened: opened))
        }
    }

    /// One request, and others for what it left out, until its bytes are here.
    private func attempt(_ receiver: PieceReceiver) async throws {
        try await client.persistently(progress: { receiver.position }) {
            // A connection may break after its last byte; asking for what follows it would be answered 416.
            guard !receiver.isComplete else { return }
            // What came of a whole file can be continued under its tag alone; ``run()`` sees to that.
            if case .whole = receiver.next, receiver.position > 0 {
                guard sink.validator != nil else { throw PieceReceiver.Turn.streamOnly }
                return
            }
            try await send(receiver.next, to: receiver)
        }
    }

    private func send(_ ask: PieceReceiver.Ask, to receiver: PieceReceiver) async throws {
        var headers: [String] = []
        switch ask {
        case .whole: break
        case .opening(let range): headers = [range.header]
        // A storage that has changed meanwhile then answers the whole (RFC 9110 13.1.5, reliability C10).
        case .rest(let range, let validator): headers = [range.header, "If-Range: \(validator)"]
        }
        let known = storage.address
        var last = known
        do {
            try await client.follow(
                known ?? start, asking: headers, size: receiver.end - receiver.position, about: about, isBody: true,
                to: receiver
            ) { address in
                storage.note(address, unlessAt: subject.home)
                last = address
            }
        } catch let obstacle as Obstacle where obstacle.isExpiredSignature {
            storage.forget(last)
            throw obstacle
        } catch let obstacle as Obstacle where obstacle.isShort {
            // What is missing says more than how the connection ended.
        }
        try receiver.requireComplete()
    }
}

/// Pieces that nobody fetches yet, in the order of the file.
private final class PieceQueue: Sendable {
    let count: Int
    private let left: Mutex<ArraySlice<Range<Int64>>>

    init(_ pieces: [Range<Int64>]) {
        count = pieces.count
        left = Mutex(pieces[...])
    }

    func next() -> Range<Int64>? { left.withLock { $0.popFirst() } }
}

/// Where the hub said that a file's bytes lie: a signed address, good for an hour or so, for this fetch alone.
private final class StorageAddress: Sendable {
    private let known = Mutex<WebAddress?>(nil)

    var address: WebAddress? { known.withLock { $0 } }
    var isUnknown: Bool { address == nil }

    /// Only another host's: the hub's own redirects check each time who asks.
    func note(_ address: WebAddress, unlessAt home: WebAddress) {
        if address.origin != home.origin { known.withLock { $0 = address } }
    }

    /// That one only: another piece may have been told a new one meanwhile.
    func forget(_ address: WebAddress?) { known.withLock { if $0 == address { $0 = nil } } }
}

extension Range<Int64> {
    fileprivate var count64: Int64 { upperBound - lowerBound }
    fileprivate var header: String { "Range: bytes=\(lowerBound)-\(upperBound - 1)" }

    fileprivate func split(every piece: Int64) -> [Range<Int64>] {
        stride(from: lowerBound, to: upperBound, by: Int64.Stride(Swift.max(1, piece))).map { start in
            start..<Swift.min(upperBound, upperBound - start > piece ? start + piece : upperBound)
        }
    }
}
