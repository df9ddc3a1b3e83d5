import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryStorage

/// What the store holds, for whom, when it was looked at last, and what is wrong with it.
package struct ShowStorage: Verb {
    package static let name = "storage"
    /// Lists every blob as well.
    package var listsBlobs: Bool

    package init(listsBlobs: Bool = false) { self.listsBlobs = listsBlobs }

    package struct Answer: Codable, Sendable {
        package let blobs: Int
        package let bytes: Int64
        /// Bytes that a gc would win, at once and later.
        package let garbage: Int64
        package let quota: Int64?
        package let namespaces: [NamespaceUsage]
        /// The blob that was looked at longest ago; nil where there is none.
        package let oldestVerification: Timestamp?
        package let newestVerification: Timestamp?
        package let damaged: [BlobRow]
        /// Every blob, the longest unverified first; empty where nobody asked.
        package let rows: [BlobRow]
    }

    package struct NamespaceUsage: Codable, Sendable {
        package let namespace: String
        /// Of its blobs; one that another namespace has too counts for both.
        package let bytes: Int64
        /// The least that a quota which fits allows; nil where none fits.
        package let quota: Int64?
    }

    package struct BlobRow: Codable, Sendable {
        package let digest: SHA256Digest
        package let size: Int64
        package let lastVerifiedAt: Timestamp
        /// What is wrong with it, and why it could not be fetched again; empty where nothing is.
        package let problem: String
        /// `namespace/name@commit/path`, at most 20.
        package let files: [String]
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        let kept = try await registry.catalog.keptBlobs()
        let usage = try await registry.catalog.usage()
        let quotas = registry.policy.quotas
        let garbage = try await CollectGarbage(dryRun: true).perform(in: registry) { _ in }
        let damaged = kept.filter { $0.damage != nil }
        return Answer(
            blobs: kept.count, bytes: usage.total,
            garbage: garbage.bytes.addingReportingOverflow(garbage.laterBytes).partialValue, quota: quotas.total,
            namespaces: usage.blobs.keys.sorted().map { namespace in
                NamespaceUsage(
                    namespace: namespace, bytes: usage.bytes { $0 == namespace },
                    quota: quotas.namespaces.filter { $0.match.matches(namespace) }.map(\.size).min())
            },
            oldestVerification: kept.first?.lastVerifiedAt, newestVerification: kept.last?.lastVerifiedAt,
            damaged: try await rows(damaged, registry), rows: listsBlobs ? try await rows(kept, registry) : [])
    }

    private func rows(_ blobs: [BlobRecord], _ registry: Registry) async throws -> [BlobRow] {
        var rows: [BlobRow] = []
        for blob in blobs {
            rows.append(
                BlobRow(
                    digest: blob.digest, size: blob.size, lastVerifiedAt: blob.lastVerifiedAt,
                    problem: blob.damage?.words ?? "",
                    files: try await registry.catalog.uses(of: blob.digest).prefix(20).map(\.name)))
        }
        return rows
    }
}

extension BlobDamage {
    /// What was found, since when, and why it is not right again yet.
    package var words: String {
        let attempt =
            repair.map { ", and fetching it again failed\(repairAt.map { " on \($0.minutes)" } ?? ""): \($0)" }
            ?? "; it is being fetched again"
        return "\(reason) (found by a scrub on \(foundAt.minutes))\(attempt)"
    }
}
