import COpenSSL
import Glibc

/// SHA-256 and the git object id of one stream of bytes, computed in one pass by libcrypto (SHA-NI where the CPU has it).
///
/// Not thread-safe; give it bytes in order. A git object id needs the length first, hence `init(size:)`.
package final class ContentDigests {
    private let sha256: OpaquePointer
    private let git: OpaquePointer?
    /// Bytes given so far.
    package private(set) var count: Int64 = 0

    /// - Parameter size: the length that the content will have; nil where no git object id is wanted.
    package init(size: Int64?) {
        sha256 = Self.context(EVP_sha256())
        git = size.map { size in
            let context = Self.context(EVP_sha1())
            let header = Array("blob \(size)\0".utf8)
            EVP_DigestUpdate(context, header, header.count)
            return context
        }
    }

    deinit {
        EVP_MD_CTX_free(sha256)
        if let git { EVP_MD_CTX_free(git) }
    }

    package func update(_ bytes: UnsafeRawBufferPointer) {
        count += Int64(bytes.count)
        EVP_DigestUpdate(sha256, bytes.baseAddress, bytes.count)
        if let git { EVP_DigestUpdate(git, bytes.baseAddress, bytes.count) }
    }

    /// The digests of what was given; call once, last. The git id is nil where no size was announced.
    package func finish() -> (sha256: SHA256Digest, gitObject: GitObjectID?) {
        (SHA256Digest(unchecked: Self.finish(sha256).hex), git.map { GitObjectID(unchecked: Self.finish($0).hex) })
    }

    package static func sha256(of bytes: [UInt8]) -> SHA256Digest {
        let digests = ContentDigests(size: nil)
        bytes.withUnsafeBytes(digests.update)
        return digests.finish().sha256
    }

    /// Reads a file through; nil where it cannot be read. Blocking.
    package static func ofFile(_ path: String) -> (sha256: SHA256Digest, size: Int64)? {
        // Not by FileHandle, which asks the kernel for 4 KiB at a time.
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        let digests = ContentDigests(size: nil)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = read(file, buffer.baseAddress, buffer.count)
            if count == -1, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { return (digests.finish().sha256, digests.count) }
            digests.update(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
        }
    }

    /// The id that git gives an object of these bytes: `blob` for a file, `tree` or `commit`.
    package static func gitObject(of bytes: [UInt8], kind: String = "blob") -> GitObjectID {
        let context = context(EVP_sha1())
        defer { EVP_MD_CTX_free(context) }
        let header = Array("\(kind) \(bytes.count)\0".utf8)
        EVP_DigestUpdate(context, header, header.count)
        EVP_DigestUpdate(context, bytes, bytes.count)
        return GitObjectID(unchecked: finish(context).hex)
    }

    private static func context(_ algorithm: OpaquePointer?) -> OpaquePointer {
        // Null only when memory is out or libcrypto offers no SHA: nothing in this process could go on.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            fatalError("libcrypto has no \(algorithm == nil ? "digest" : "memory") to hash with")
        }
        return context
    }

    private static func finish(_ context: OpaquePointer) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        EVP_DigestFinal_ex(context, &bytes, &count)
        return Array(bytes.prefix(Int(count)))
    }
}
