package import RegistryCore

extension HubClient {
    /// Fetches what a sink has not got of a file.
    ///
    /// A large file comes in pieces over several connections, all of one strong entity tag; what came under another one
    /// is never put together with it. Sizes and headers are checked here; hashes are the sink's, over the whole file.
    /// After a broken connection the rest is asked for. A file that is complete, an empty one for example, needs no
    /// request.
    ///
    /// - Parameter progress: called on the transfer thread with the bytes of the file that are in the sink.
    /// - Throws: ``UpstreamError``; what the sink threw; `CancellationError`.
    package func fetch(
        _ file: UpstreamFile, of repository: RepositoryID, at commit: CommitID, into sink: any ByteSink,
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) async throws {
        let path = file.path.text.percentEncoded(keepingSlashes: true)
        let start = try address("/\(repository)/resolve/\(commit.hex)/\(path)")
        let about = Subject(repository: repository, revision: commit.hex, path: file.path.text)
        let subject = FileFetch.Subject(file: file, commit: commit, home: home)
        try await FileFetch(self, start, about: about, subject, into: sink, progress: progress).run()
    }
}
