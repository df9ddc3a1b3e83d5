import Foundation
import RegistryCore
import Synchronization

/// The addresses of storage that have been handed out: each opens one file until it runs out, to whoever has it.
final class SignedAddresses: Sendable {
    private struct Grant {
        let file: SampleFile
        let expires: Date
    }

    private let lifetime: TimeInterval
    private let grants = Mutex<[String: Grant]>([:])

    /// - Parameter lifetime: seconds; about an hour on huggingface.co.
    init(lifetime: TimeInterval) { self.lifetime = lifetime }

    /// A new path and query for a file. The signature is 128 random bits that only this table knows.
    func sign(_ file: SampleFile, hasExpired: Bool) -> String {
        let signature = (0..<16).map { _ in UInt8.random(in: .min ... .max) }.hex
        let expires = hasExpired ? Date(timeIntervalSinceNow: -1) : Date(timeIntervalSinceNow: lifetime)
        grants.withLock { grants in
            if grants.count > 10_000 { grants = grants.filter { $0.value.expires > Date() } }
            grants[signature] = Grant(file: file, expires: expires)
        }
        return "/storage/\(file.etag)?Expires=\(Int64(expires.timeIntervalSince1970))&Signature=\(signature)"
    }

    /// Nil where the signature is unknown, has run out, or belongs to another file.
    func file(named digest: String, signature: String) -> SampleFile? {
        let grant = grants.withLock { $0[signature] }
        guard let grant, grant.expires > Date(), grant.file.etag == digest else { return nil }
        return grant.file
    }
}
