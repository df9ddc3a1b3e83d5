package import RegistryCatalog
package import RegistryCore
import RegistryStorage
import RegistryUpstream

/// Brings a model in, and answers when the verdict stands.
///
/// Any number of equal requests share one mirroring, and requests for one repository never fetch at the same time, so
/// that each of its files comes over the network once. What upstream or this machine cannot deliver is an error, and
/// leaves nothing but the job's row and resumable parts; bytes that do not match what upstream announced are recorded
/// as a refusal.
package struct Mirror: Verb {
    package static let name = "mirror"
    package var repository: RepositoryID
    /// A branch, tag or commit on upstream; resolved to a commit once.
    package var revision: String
    package var promotion: Job.Promotion
    /// Fetches and tests anew what was decided on before under the same rules.
    package var again: Bool

    package init(
        repository: RepositoryID, revision: Revision, promotion: Job.Promotion = .always, again: Bool = false
    ) {
        self.repository = repository
        self.revision = revision.name
        self.promotion = promotion
        self.again = again
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        repository = try values.decode(RepositoryID.self, forKey: .repository)
        revision = try values.decodeIfPresent(String.self, forKey: .revision) ?? Revision.main.name
        promotion = try values.decodeIfPresent(Job.Promotion.self, forKey: .promotion) ?? .always
        again = try values.decodeIfPresent(Bool.self, forKey: .again) ?? false
    }

    package struct Answer: Codable, Sendable {
        package let repository: RepositoryID
        package let commit: CommitID
        package let state: ModelState
        /// The rule and message that keep it from being served; empty where it is served.
        package let rule: String
        package let reason: String
        /// True where everything was here and decided before.
        package let wasHere: Bool
        package let files: Int
        package let size: Int64
        package let evidence: [Evidence]
        package let findings: [Finding]
        /// 0 served, 3 held or refused, 4 the bytes did not match.
        package let exitCode: Int32
    }

    package func perform(in registry: Registry, report: @escaping Report) async throws -> Answer {
        try await perform(in: registry, isAttended: true, report)
    }

    /// - Parameter isAttended: false where nobody waits for the answer: what may pass is then tried again later.
    func perform(in registry: Registry, isAttended: Bool, _ report: @escaping Report) async throws -> Answer {
        let revision = try Revision(revision)
        let answer = try await registry.mirrors.join(self, report) { report in
            let job = try await registry.catalog.beginJob(
                mirroring: repository, at: revision, promotion: promotion, again: again, besides: registry.running.ids)
            return try await registry.perform(job, of: repository, retries: !isAttended, report) { log in
                let answer = try await registry.repositoryTurns.hold(repository) {
                    try await MirrorRun(order: self, revision: revision, log: log, registry: registry).run()
                }
                // Sync looks at hundreds every few hours: that nothing is new is no news.
                let isNews = promotion == .always || !answer.wasHere
                return (answer, isNews ? "\(answer.commit.short) is \(answer.state.rawValue)" : nil)
            }
        }
        registry.retests.bell.ring()
        return answer
    }
}

extension Mirror: Hashable {}
