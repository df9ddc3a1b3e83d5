import RegistryCatalog
package import RegistryCore
import RegistryStorage

/// Hashes blobs at rest, slowly, and sees to it that what went bad is not served.
package struct Scrub: Verb {
    package static let name = "scrub"
    /// Every blob's bytes belong to one of `total` slices by their digest: a whole scrub can be spread over as many
    /// runs.
    package struct Slice: Codable, Sendable, Equatable {
        /// 1 to `total`.
        package let number: Int
        package let total: Int

        /// - Throws: ``OperationError/invalid(_:)`` unless it is `n/t` with 1 <= n <= t <= 100,000.
        package init(_ text: String) throws {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
            guard parts.count == 2, let number = parts[0], let total = parts[1], (1...100_000).contains(total),
                (1...total).contains(number)
            else {
                throw OperationError.invalid(
                    "a slice must be n/t with 1 <= n <= t, e.g. 1/30, got '\(text.printable)'")
            }
            self.number = number
            self.total = total
        }

        func contains(_ digest: SHA256Digest) -> Bool { digest.spread % UInt64(max(1, total)) == UInt64(number - 1) }
    }

    package var slice: Slice?
    /// One model's files; nil for everything.
    package var repository: RepositoryID?
    package var revision: String?
    /// Bytes a second; nil for as fast as an idle disk gives them.
    package var rate: Int64?

    package init(slice: Slice? = nil, repository: RepositoryID? = nil, revision: Revision? = nil, rate: Int64? = nil) {
        self.slice = slice
        self.repository = repository
        self.revision = revision?.name
        self.rate = rate
    }

    package struct Answer: Codable, Sendable {
        package let checked: Int
        package let bytes: Int64
        package let findings: [ScrubFinding]
        /// Why it ended early; nil where it did not.
        package let stopped: String?
        /// 4 where something is not right and could not be made right, 1 where it ended early.
        package let exitCode: Int32
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        if let slice, !(1...max(1, slice.total)).contains(slice.number) || slice.total < 1 {
            throw OperationError.invalid("a slice must be n/t with 1 <= n <= t")
        }
        var wanted = try await registry.catalog.keptBlobs()
        if let slice { wanted = wanted.filter { slice.contains($0.digest) } }
        if let repository {
            let snapshots = try await registry.catalog.snapshots(of: repository)
            var chosen = Registry.leading(snapshots)
            if let revision { chosen = try await registry.catalog.snapshot(repository, Revision(revision)) }
            guard let chosen else { throw OperationError.unknownModel(repository) }
            let digests = Set(try await registry.catalog.files(of: chosen.id).map(\.digest))
            wanted = wanted.filter { digests.contains($0.digest) }
        }
        let pace = ReadPace(bytesPerSecond: rate)
        let run = try await withTaskCancellationHandler {
            try await registry.scrubTurn.hold { [wanted] in
                try await registry.scrub(wanted, isNamed: repository != nil, pace: pace, report: report)
            }
        } onCancel: {
            pace.cancel()
        }
        let isBad = run.findings.contains { !$0.isRight }
        return Answer(
            checked: run.checked, bytes: run.bytes, findings: run.findings, stopped: run.stopped,
            exitCode: isBad ? 4 : run.stopped == nil ? 0 : 1)
    }
}

/// A blob that was not as it should be.
package struct ScrubFinding: Codable, Sendable {
    package let digest: SHA256Digest
    package let size: Int64
    /// What was wrong with it.
    package let problem: String
    /// The files that have these bytes: `namespace/name@commit/path`.
    package let files: [String]
    /// What became of it.
    package let outcome: String
    /// Whether its bytes here are right now.
    package let isRight: Bool
}

extension SHA256Digest {
    /// A number that is spread evenly over all digests.
    var spread: UInt64 { UInt64(hex.prefix(12), radix: 16) ?? 0 }
}
