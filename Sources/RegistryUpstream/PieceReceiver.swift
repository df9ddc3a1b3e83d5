import RegistryCore
import Synchronization

/// Checks one answer with bytes of a file against what was asked and what the tree said, and passes the bytes on.
final class PieceReceiver: TransferReceiver {
    /// What was asked for, and so what may be answered.
    enum Ask: Sendable {
        /// The file from its first byte, without a range.
        case whole
        /// The first bytes of a large file: the answer says under which tag the others may be asked for.
        case opening(Range<Int64>)
        /// Bytes that belong to others which are here already.
        case rest(Range<Int64>, validator: String)
    }

    /// What an answer may turn out to be, beside wrong.
    enum Turn: Error {
        /// Not the content that the bytes which are here belong to.
        case changed
        /// Without a strong tag, or ranges, the file has to come in one stream.
        case streamOnly
    }

    private struct State {
        var ask: Ask
        var position: Int64
        var end: Int64
        /// What is here gives way to this answer, with its first byte and not before: an answer that turns out to be no
        /// file at all must not void what an earlier attempt brought.
        var beginning: Beginning?
        /// Why the answer is not taken. Its first bytes may say better what it is.
        var doubt: (any Error)?
        var hasOpened = false
        /// The first bytes from the file's start.
        var sample: [UInt8] = []
        /// The last bytes before `position`, which the sink has not got yet.
        var held: [UInt8] = []
    }

    private struct Beginning { let validator: String? }

    /// What the sink gets at a time. libcurl delivers 16 KiB, and a GiB written like that took 0.16 s more of the processor,
    /// most of it on the thread that carries every transfer: 1.42 against 1.36 s for the whole (`lapidary bench ingest`).
    private static let portion = 256 << 10

    private let file: FileFetch.Subject
    private let sink: any ByteSink
    private let progress: FetchProgress
    private let opened: @Sendable () -> Void
    private let state: Mutex<State>

    /// - Parameter opened: called when an answer was found right, with its first bytes.
    init(
        _ file: FileFetch.Subject, _ ask: Ask, into sink: any ByteSink, progress: FetchProgress,
        opened: @escaping @Sendable () -> Void = {}
    ) {
        self.file = file
        self.sink = sink
        self.progress = progress
        self.opened = opened
        let range =
            switch ask {
            case .whole: 0..<file.size
            case .opening(let range), .rest(let range, _): range
            }
        state = Mutex(State(ask: ask, position: range.lowerBound, end: range.upperBound))
    }

    /// The next byte that is wanted.
    var position: Int64 { state.withLock(\.position) }
    /// Where the answer ends: a whole file may have come where its first bytes were asked for.
    var end: Int64 { state.withLock(\.end) }
    var isComplete: Bool { state.withLock { $0.position == $0.end } }

    func inspect(_ head: ResponseHead, from address: WebAddress) throws {
        // A storage host's headers are its own: huggingface.co's CDN has ETags that are no hashes (hub-protocol 2.2).
        if address.origin == file.home.origin { try file.check(head) }
        guard (200..<300).contains(head.status) else { return }
        try head.requireIdentityCoding(from: address)
        try state.withLock { state in
            state.doubt = nil
            state.hasOpened = false
            let range = state.position..<state.end
            switch (head.status, state.ask) {
            case (200, .whole), (200, .opening):
                // The range was not honoured, or none was asked for: these are the bytes from the start.
                state.ask = .whole
                state.position = 0
                state.end = file.size
                state.beginning = Beginning(validator: head.strongTag)
                do { try file.check(head, length: file.size) } catch { state.doubt = error }
                return
            case (206, .opening):
                guard let tag = head.strongTag else { throw Turn.streamOnly }
                try file.check(head["content-range"], is: range)
                state.beginning = Beginning(validator: tag)
                state.ask = .rest(range, validator: tag)
            case (206, .rest(_, let validator)):
                // Without a tag nobody can say whether it belongs to what is here.
                guard let tag = head.strongTag else { throw Turn.streamOnly }
                guard tag == validator else { throw Turn.changed }
                try file.check(head["content-range"], is: range)
            case (200, .rest(_, let validator)):
                // Reliability C4: these bytes belong to the file's start, whatever was asked.
                state.doubt = head.strongTag.map { $0 == validator } ?? true ? Turn.streamOnly : Turn.changed
                do { try file.check(head, length: file.size) } catch { state.doubt = error }
                return
            default:
                throw file.wrong(
                    "status", expected: state.position == 0 && state.end == file.size ? "200" : "206",
                    got: "\(head.status)")
            }
            try file.check(head, length: state.end - state.position)
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        let isFirst = try state.withLock { state in
            if let doubt = state.doubt {
                try file.refuse(Array(bytes.prefix(64)))
                throw doubt
            }
            if state.position == 0 {
                state.sample = Array(bytes.prefix(64))
                // What is in LFS is no text that could begin like that itself.
                if file.file.lfsDigest != nil { try file.refuse(state.sample) }
            }
            guard Int64(bytes.count) <= state.end - state.position else {
                try file.refuse(state.sample)
                throw file.wrong("length", expected: "\(state.end - state.position) more bytes", got: "more than that")
            }
            if let beginning = state.beginning {
                try sink.restart(validator: beginning.validator)
                progress.restart()
                state.beginning = nil
            }
            try take(bytes, &state)
            defer { state.hasOpened = true }
            return !state.hasOpened
        }
        progress.add(Int64(bytes.count))
        if isFirst { opened() }
    }

    func finish() throws { try state.withLock { try passOn(&$0) } }

    private func take(_ bytes: UnsafeRawBufferPointer, _ state: inout State) throws {
        let isLast = state.position + Int64(bytes.count) == state.end
        if state.held.isEmpty, isLast || bytes.count >= Self.portion {
            try sink.write(bytes, at: state.position)
            state.position += Int64(bytes.count)
        } else {
            state.held += bytes
            state.position += Int64(bytes.count)
            if isLast || state.held.count >= Self.portion { try passOn(&state) }
        }
    }

    private func passOn(_ state: inout State) throws {
        guard !state.held.isEmpty else { return }
        let start = state.position - Int64(state.held.count)
        do { try state.held.withUnsafeBytes { try sink.write($0, at: start) } } catch {
            state.position = start
            state.held = []
            throw error
        }
        state.held.removeAll(keepingCapacity: true)
    }

    /// Throws what an answer that has ended without all of its bytes was.
    func requireComplete() throws {
        try state.withLock { state in
            if let doubt = state.doubt { throw doubt }
            guard state.position < state.end else { return }
            try file.refuse(state.sample)
            throw Obstacle(.truncated(file.file.path.text, expected: state.end, got: state.position))
        }
    }

    /// What to ask for now, after an answer that broke off.
    var next: Ask {
        state.withLock { state in
            guard case .rest(_, let validator) = state.ask else { return state.ask }
            return .rest(state.position..<state.end, validator: validator)
        }
    }
}

/// How much of a file is here, over all its pieces.
final class FetchProgress: Sendable {
    private let count: Mutex<Int64>
    private let report: @Sendable (Int64) -> Void

    init(from count: Int64, _ report: @escaping @Sendable (Int64) -> Void) {
        self.count = Mutex(count)
        self.report = report
    }

    func add(_ bytes: Int64) {
        report(
            count.withLock { count in
                count += bytes
                return count
            })
    }

    func restart() { count.withLock { $0 = 0 } }
}

extension ResponseHead {
    /// The ETag where it is a strong one: a `W/` tag says that bytes may differ (RFC 9110 8.8.3, reliability C11).
    var strongTag: String? {
        guard let tag = self["etag"], tag.utf8.count > 2, tag.utf8.count <= 1024, tag.hasPrefix("\""),
            tag.hasSuffix("\""), tag.utf8.dropFirst().dropLast().allSatisfy({ $0 > 0x20 && $0 != 0x22 && $0 < 0x7F })
        else { return nil }
        return tag
    }
}
