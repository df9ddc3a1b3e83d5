import Synchronization

extension Tokenizer {
    /// Reads the tokenizer.json of a model. The last one that this process read is kept and not parsed again: a smoke test
    /// and the generation behind it ask for the same file.
    package init(reading model: ModelFiles) throws {
        let bytes = try model.open(Self.path).contents(limit: Self.maximumSize)
        let digest = latest.digest(bytes)
        if let kept = latest.tokenizer(of: digest) {
            self = kept
        } else {
            try self.init(parsing: bytes)
            latest.keep(self, digest)
        }
    }
}

private let latest = LatestTokenizer()

/// One tokenizer by the digest of its file: by what the bytes are, not by a path or a time that a file may share with
/// another.
private struct LatestTokenizer: ~Copyable, Sendable {
    /// Two hashes under secret keys of this process: two files of 64 MiB agree in both with a chance of 2^-75, and none
    /// can be made to without the keys, which never leave the process.
    struct Digest: Equatable {
        let size: Int
        let first: UInt64
        let second: UInt64
    }

    private let hashes = (SeededHash(), SeededHash())
    private let kept = Mutex<(digest: Digest, tokenizer: Tokenizer)?>(nil)

    func digest(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBufferPointer { Digest(size: $0.count, first: hashes.0($0), second: hashes.1($0)) }
    }

    func tokenizer(of digest: Digest) -> Tokenizer? {
        kept.withLock { $0?.digest == digest ? $0?.tokenizer : nil }
    }

    func keep(_ tokenizer: Tokenizer, _ digest: Digest) { kept.withLock { $0 = (digest, tokenizer) } }
}
