import Logging
import RegistryCatalog
package import RegistryCore
import RegistryPolicy
import RegistryUpstream

/// Keeps what the policy follows in step with upstream: lists families anew, looks at each repository once, and fetches,
/// tests and decides on what has a new commit. What is served stays what was approved.
package struct Sync: Verb {
    package static let name = "sync"
    /// Repositories under way at once.
    private static let width = 4
    /// So many in a row that found upstream away: the others would only find the same.
    private static let patience = 8

    /// These alone; empty for all that is followed.
    package var only: [RepositoryID]
    /// True to look and fetch nothing.
    package var dryRun: Bool

    package init(only: [RepositoryID] = [], dryRun: Bool = false) {
        self.only = only
        self.dryRun = dryRun
    }

    package enum Outcome: String, Codable, Sendable, CaseIterable {
        case unchanged
        /// Seen for the first time.
        case new
        /// Has another commit than the one that is here.
        case changed
        /// Needs a person.
        case attention
        case failed
    }

    package struct Row: Codable, Sendable {
        package let repository: RepositoryID
        package let outcome: Outcome
        package let note: String
    }

    package struct Answer: Codable, Sendable {
        package let rows: [Row]
        /// Families and authors whose models could not be listed, and why; what was known of them was looked at.
        package let notListed: [String]
        /// How many were not looked at, because upstream is away.
        package let leftOut: Int
        package let summary: String
        /// 0, or 1 where something failed or needs a person.
        package let exitCode: Int32
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        try await registry.syncTurn.hold { try await round(in: registry, isAttended: true, report) }
    }

    /// A server's own round of everything, unless one has just been made. What may pass is tried again later, as a job.
    static func performIfDue(after hours: Int, in registry: Registry) async throws -> Answer? {
        try await registry.syncTurn.hold {
            let last = try await registry.catalog.lastSync()
            if let last, last.startedAt.secondsAgo < Int64(hours) * 3600 { return nil }
            return try await Sync().round(in: registry, isAttended: false) { _ in }
        }
    }

    private func round(
        in registry: Registry, isAttended: Bool, _ report: @escaping Report
    ) async throws -> Answer {
        let id = dryRun || !only.isEmpty ? nil : try await registry.catalog.beginSync()
        var found = Found()
        var notListed: [String] = []
        do {
            var waves = [only]
            if only.isEmpty { (waves, notListed) = try await registry.followed(report) }
            // Bases before their variants: the smoke test compares with what is served.
            for wave in waves {
                try await look(at: wave, in: registry, isAttended: isAttended, report, into: &found)
            }
        } catch let error where !(error is CancellationError) {
            if let id { try? await registry.catalog.endSync(id, "ended early: \(Failure(error).message)") }
            throw error
        }
        let rows = found.rows
        let counts = Outcome.allCases.compactMap { outcome in
            let count = rows.count { $0.outcome == outcome }
            return count == 0 ? nil : "\(count) \(outcome.rawValue)"
        }
        var summary =
            rows.isEmpty ? "nothing is followed" : "\(rows.count) looked at: " + counts.joined(separator: ", ")
        if !notListed.isEmpty { summary += "; \(notListed.count) could not be listed" }
        if found.leftOut > 0 { summary += "; \(found.leftOut) not looked at, because upstream is away" }
        // One that was cut short has yet to be made.
        if let id, found.leftOut == 0 { try await registry.catalog.endSync(id, summary) }
        let isWell =
            notListed.isEmpty && found.leftOut == 0
            && !rows.contains { $0.outcome == .failed || $0.outcome == .attention }
        return Answer(
            rows: rows, notListed: notListed, leftOut: found.leftOut, summary: summary, exitCode: isWell ? 0 : 1)
    }

    private struct Found {
        var rows: [Row] = []
        /// The last looks that found upstream away.
        var troubles = 0
        var leftOut = 0
    }

    private func look(
        at repositories: [RepositoryID], in registry: Registry, isAttended: Bool, _ report: @escaping Report,
        into found: inout Found
    ) async throws {
        var now = found
        try await withThrowingTaskGroup(of: (Row, Bool).self) { group in
            var waiting = repositories[...]
            func startNext() {
                guard now.troubles < Self.patience, let repository = waiting.popFirst() else { return }
                group.addTask { try await look(at: repository, in: registry, isAttended: isAttended, report) }
            }
            for _ in 0..<Self.width { startNext() }
            var rows: [Row] = []
            while let (row, isAway) = try await group.next() {
                report(.message("\(row.repository): \(row.outcome.rawValue), \(row.note)"))
                rows.append(row)
                now.troubles = isAway ? now.troubles + 1 : 0
                startNext()
            }
            now.rows += rows.sorted { $0.repository < $1.repository }
            now.leftOut += waiting.count
        }
        found = now
    }

    /// - Returns: also whether upstream could not be asked.
    private func look(
        at repository: RepositoryID, in registry: Registry, isAttended: Bool, _ report: @escaping Report
    ) async throws -> (Row, Bool) {
        do {
            return (try await row(of: repository, in: registry, isAttended: isAttended, report), false)
        } catch OperationError.attention(_, let reason) {
            return (Row(repository: repository, outcome: .attention, note: reason), false)
        } catch let error where !(error is CancellationError) {
            let isAway = (error as? UpstreamError)?.mayPass == true
            return (Row(repository: repository, outcome: .failed, note: Failure(error).message), isAway)
        }
    }

    private func row(
        of repository: RepositoryID, in registry: Registry, isAttended: Bool, _ report: @escaping Report
    ) async throws -> Row {
        let before = try await registry.catalog.snapshots(of: repository)
        if dryRun {
            let found = try await registry.identified(repository) {
                try await registry.upstream.revision(.main, of: repository)
            }
            let isKnown = before.contains { $0.commit == found.commit }
            return Row(
                repository: repository, outcome: isKnown ? .unchanged : before.isEmpty ? .new : .changed,
                note: isKnown ? "\(found.commit.short) is here" : "\(found.commit.short) would be fetched")
        }
        let order = Mirror(repository: repository, revision: .main, promotion: .ifNew)
        let answer = try await order.perform(in: registry, isAttended: isAttended) { step in
            guard case .message(let text) = step else { return }
            report(.message("\(repository): \(text)"))
        }
        let words = answer.rule.isEmpty ? "served" : "\(answer.state.rawValue) by \(answer.rule): \(answer.reason)"
        return Row(
            repository: repository, outcome: answer.wasHere ? .unchanged : before.isEmpty ? .new : .changed,
            note: "\(answer.commit.short) \(words)")
    }
}
