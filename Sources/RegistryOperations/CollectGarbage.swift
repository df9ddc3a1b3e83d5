import RegistryCatalog
import RegistryCore
import RegistryStorage

/// Lists what is kept for nothing, and lets go of it: mark and sweep.
///
/// Rows first, then bytes: what nothing names is marked in one transaction; a day later (`grace`) its bytes move to the
/// trash, and some days after that they are gone. A crash anywhere leaves what the next run takes.
package struct CollectGarbage: Verb {
    package static let name = "gc"
    package var dryRun: Bool
    /// Hours for which what has just become garbage is left alone.
    package var graceHours: Int
    /// Also what is in the trash, however short a time.
    package var purge: Bool

    package init(dryRun: Bool = false, graceHours: Int = 24, purge: Bool = false) {
        self.dryRun = dryRun
        self.graceHours = graceHours
        self.purge = purge
    }

    package struct Answer: Codable, Sendable {
        package let isDryRun: Bool
        /// In groups, each by name.
        package let items: [GarbageItem]

        /// Bytes of the items that go now. What a snapshot lets go of is listed blob by blob once it has.
        package var bytes: Int64 {
            items.filter { $0.isDue && (isDryRun || $0.kind != .expired) }.sum
        }

        /// Bytes of those that go later.
        package var laterBytes: Int64 {
            items.filter { !$0.isDue && (isDryRun || $0.kind != .expired) }.sum
        }
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        let grace = Int64(clamping: graceHours).multipliedReportingOverflow(by: 3600)
        guard graceHours >= 0, !grace.overflow else {
            throw OperationError.invalid("the grace period must be 0 hours or more, got \(graceHours)")
        }
        return try await registry.garbageTurn.hold {
            let expired = try await registry.expiredByRetention()
            if dryRun {
                let plan = try await GarbagePlan.read(registry, expired, grace: grace.partialValue, purge: purge)
                return Answer(isDryRun: true, items: plan.items)
            }
            // The list of what expires is made before: afterwards its bytes are no longer told apart.
            let before = try await GarbagePlan.read(registry, expired, grace: grace.partialValue, purge: purge)
            report(.message("letting go of \(expired.count) snapshots"))
            try await registry.catalog.letGo(
                Dictionary(expired.map { ($0.snapshot.id, $0.reason) }) { first, _ in first })
            let plan = try await GarbagePlan.read(registry, [], grace: grace.partialValue, purge: purge)
            let swept = try await registry.sweep(plan, purge: purge)
            return Answer(isDryRun: false, items: before.items.filter { $0.kind == .expired } + swept)
        }
    }
}

extension [GarbageItem] {
    /// Bytes together.
    package var sum: Int64 { reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue } }
}

/// One thing that is kept for nothing.
package struct GarbageItem: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// A snapshot that retention lets go of.
        case expired
        /// A blob that the catalogue does not know, or that no kept snapshot names.
        case orphan, released
        /// What fetches and tests left behind.
        case part
        case quarantined, trash
    }

    package let kind: Kind
    package let name: String
    package let bytes: Int64
    /// Why it is garbage, or until when it is left alone.
    package let note: String
    /// Whether it goes now.
    package let isDue: Bool
}
