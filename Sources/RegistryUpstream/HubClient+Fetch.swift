package import RegistryCore

extension HubClient {
    /// Fetches the bytes of a file from `offset` on into a sink that already holds those before it.
    ///
    /// Sizes and headers are checked here; hashes are the sink's, over the whole file. After a broken connection the
    /// rest is asked for; an upstream that answers the whole instead makes the sink restart. A file that is complete at
    /// `offset`, an empty one for example, needs no request.
    ///
    /// - Parameter progress: called on the transfer thread with the bytes of the file that stand in the sink.
    /// - Throws: ``UpstreamError``; what the sink threw; `CancellationError`.
    package func fetch(
        _ file: UpstreamFile, of repository: RepositoryID, at commit: CommitID, from offset: Int64 = 0,
        into sink: any ByteSink, progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws {
        guard (0...file.size).contains(offset) else {
            throw UpstreamError.protocolViolation(
                "size of \(file.path)", expected: "at least the \(offset) bytes already here", got: "\(file.size)")
        }
        let path = file.path.text.percentEncoded(keepingSlashes: true)
        let start = try address("/\(repository)/resolve/\(commit.hex)/\(path)")
        let subject = Subject(repository: repository, revision: commit.hex, path: file.path.text)
        let receiver = FileReceiver(file, at: commit, home: home, from: offset, into: sink, progress: progress)

        try await persistently(progress: { receiver.furthest }) {
            // A connection may break after its last byte; asking for what follows it would be answered 416.
            guard receiver.position < file.size else { return }
            _ = try await follow(start, from: receiver.position, size: file.size, about: subject, to: receiver)
            let got = receiver.position
            guard got == file.size else { throw Obstacle(.truncated(file.path.text, expected: file.size, got: got)) }
        }
    }
}
