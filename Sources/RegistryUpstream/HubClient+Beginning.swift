package import RegistryCore
import Synchronization

extension HubClient {
    /// The first bytes of a file, by a ranged request.
    ///
    /// - Returns: `count` bytes, or all of a smaller file.
    /// - Throws: ``UpstreamError``; `CancellationError`.
    package func beginning(
        of file: UpstreamFile, count: Int, of repository: RepositoryID, at commit: CommitID
    ) async throws -> [UInt8] {
        let wanted = min(Int64(count), file.size)
        guard wanted > 0 else { return [] }
        let path = file.path.text.percentEncoded(keepingSlashes: true)
        let start = try address("/\(repository)/resolve/\(commit.hex)/\(path)")
        let about = Subject(repository: repository, revision: commit.hex, path: file.path.text)
        let subject = FileFetch.Subject(file: file, commit: commit, home: home)
        return try await persistently {
            let receiver = BeginningReceiver(subject, count: Int(wanted))
            do {
                try await follow(
                    start, asking: ["Range: bytes=0-\(wanted - 1)"], size: wanted, about: about, isBody: true,
                    to: receiver)
            } catch is BeginningReceiver.Enough {
                return receiver.bytes
            }
            guard receiver.bytes.count == Int(wanted) else {
                throw Obstacle(
                    .truncated(file.path.text, expected: wanted, got: Int64(receiver.bytes.count)))
            }
            return receiver.bytes
        }
    }
}

/// Keeps the first bytes of a file, and wants no more.
private final class BeginningReceiver: TransferReceiver {
    struct Enough: Error {}

    private let subject: FileFetch.Subject
    private let count: Int
    private let stored = Mutex<[UInt8]>([])

    init(_ subject: FileFetch.Subject, count: Int) {
        self.subject = subject
        self.count = count
    }

    var bytes: [UInt8] { stored.withLock { $0 } }

    func inspect(_ head: ResponseHead, from address: WebAddress) throws {
        if address.origin == subject.home.origin { try subject.check(head) }
        guard (200..<300).contains(head.status) else { return }
        try head.requireIdentityCoding(from: address)
        // The whole will do as well: it begins with the same bytes.
        if head.status == 206 { try subject.check(head["content-range"], is: 0..<Int64(count)) }
    }

    func receive(_ more: UnsafeRawBufferPointer) throws {
        let isFull = stored.withLock { bytes in
            bytes += more.prefix(count - bytes.count)
            return bytes.count == count
        }
        if isFull { throw Enough() }
    }
}
