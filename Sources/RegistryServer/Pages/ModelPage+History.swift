import RegistryCore
import RegistryOperations

/// What a model's page says of other tests and other models.
extension ModelPage {
    struct EarlierView {
        let outcome: String
        let style: String
        let when: String
        let by: String
        let summary: String

        init(_ verdict: EarlierVerdict) {
            outcome = verdict.outcome.rawValue
            style = Style.of(verdict.outcome.rawValue)
            when = verdict.madeAt.minutes
            by = verdict.identity.map { "rules \($0.digest.short)" } ?? verdict.producer
            summary = verdict.summary
        }
    }

    struct RelativeView {
        let name: String
        let compare: String

        init(_ repository: RepositoryID, of summary: ModelSummary) {
            name = repository.description
            compare = "/compare?a=\(repository)&b=\(summary.repository)" + (summary.commit.map { "@\($0.hex)" } ?? "")
        }
    }
}
