import RegistryCore
import Synchronization

/// Checks a file's answers against what the tree said, and passes the bytes on to the sink.
final class FileReceiver: TransferReceiver {
    private let file: UpstreamFile
    private let commit: CommitID
    private let home: WebAddress
    private let sink: any ByteSink
    private let progress: @Sendable (Int64) -> Void
    private let state: Mutex<State>

    private struct State {
        /// Bytes of the file that stand in the sink.
        var position: Int64
        /// The highest that `position` ever was.
        var furthest: Int64
    }

    init(
        _ file: UpstreamFile, at commit: CommitID, home: WebAddress, from offset: Int64, into sink: any ByteSink,
        progress: @escaping @Sendable (Int64) -> Void
    ) {
        self.file = file
        self.commit = commit
        self.home = home
        self.sink = sink
        self.progress = progress
        state = Mutex(State(position: offset, furthest: offset))
    }

    var position: Int64 { state.withLock(\.position) }
    var furthest: Int64 { state.withLock(\.furthest) }

    func inspect(_ head: ResponseHead, from address: WebAddress) throws {
        // A storage host's headers are its own: huggingface.co's CDN has ETags that are no hashes (hub-protocol 2.2).
        if address.origin == home.origin { try checkMetadata(head) }
        guard (200..<300).contains(head.status) else { return }
        try head.requireIdentityCoding(from: address)
        try state.withLock { state in
            switch (head.status, state.position) {
            case (200, 0):
                break
            case (200, _):
                // The range was not honoured: these are the bytes from the start (reliability C4).
                try sink.restart()
                state.position = 0
            case (206, 1...):
                try check(head["content-range"], from: state.position)
            default:
                throw wrong("status", expected: state.position == 0 ? "200" : "206", got: "\(head.status)")
            }
            let rest = file.size - state.position
            if let length = head["content-length"], length != String(rest) {
                throw wrong("Content-Length", expected: String(rest), got: length)
            }
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        let position = try state.withLock { state in
            guard Int64(bytes.count) <= file.size - state.position else {
                throw wrong("length", expected: "\(file.size) bytes", got: "more")
            }
            try sink.write(bytes)
            state.position += Int64(bytes.count)
            state.furthest = max(state.furthest, state.position)
            return state.position
        }
        progress(position)
    }

    private func checkMetadata(_ head: ResponseHead) throws {
        if let got = head["x-repo-commit"], got != commit.hex {
            throw wrong("X-Repo-Commit", expected: commit.hex, got: got)
        }
        if let got = head["x-linked-size"], got != String(file.size) {
            throw wrong("X-Linked-Size", expected: String(file.size), got: got)
        }
        if let got = head["x-linked-etag"], got != file.etag, got != "\"\(file.etag)\"" {
            throw wrong("X-Linked-Etag", expected: "\"\(file.etag)\"", got: got)
        }
    }

    /// Exactly `bytes <position>-<size - 1>/<size>`: any other range would be written to the wrong place.
    private func check(_ contentRange: String?, from position: Int64) throws {
        let expected = "bytes \(position)-\(file.size - 1)/\(file.size)"
        guard let contentRange, contentRange == expected else {
            throw wrong("Content-Range", expected: expected, got: contentRange ?? "none")
        }
    }

    private func wrong(_ what: String, expected: String, got: String) -> UpstreamError {
        .protocolViolation("\(what) of \(file.path)", expected: expected, got: got)
    }
}
