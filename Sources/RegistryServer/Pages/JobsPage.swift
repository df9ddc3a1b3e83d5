import RegistryCatalog
import RegistryCore

/// What `jobs.mustache` shows: what runs, what waits, and what has ended.
struct JobsPage {
    struct Row {
        let name: String
        let path: String
        let revision: String
        let what: String
        let state: String
        let style: String
        let tries: String
        let note: String
        /// Of 1,000; nil where it is not known.
        let progress: Int?
        let timestamp: String
        let since: String
    }

    let title = "Jobs"
    let stylesheet: String
    /// Then the page comes again by itself.
    let isBusy: Bool
    let isEmpty: Bool
    let hasActive: Bool
    let active: [Row]
    /// How many more are queued than are shown; nil where all are.
    let rest: String?
    let hasEnded: Bool
    let ended: [Row]

    /// More than this would be no page for people.
    private static let shown = 200

    init(_ jobs: [Job], stylesheet: String) {
        self.stylesheet = stylesheet
        let underWay = jobs.filter(\.isActive)
        active = underWay.prefix(Self.shown).map(Row.init)
        rest = underWay.count > Self.shown ? Quantity.grouped(Int64(underWay.count - Self.shown)) : nil
        ended = jobs.filter { !$0.isActive }.map(Row.init)
        hasActive = !active.isEmpty
        isBusy = hasActive
        hasEnded = !ended.isEmpty
        isEmpty = jobs.isEmpty
    }
}

extension JobsPage.Row {
    init(_ job: Job) {
        name = job.repository.description
        path = "/\(job.repository)"
        revision = (try? CommitID(job.revision))?.short ?? job.revision
        what =
            switch job.kind {
            case .mirror: "mirror"
            case .retest: "re-test"
            case .import: "import"
            }
        state = job.state.rawValue
        style =
            switch job.state {
            case .queued, .running: "preparing"
            case .waiting: "held"
            case .done: "served"
            case .failed: "refused"
            case .cancelled: "gone"
            }
        tries = "\(job.attempts)"
        note = job.message
        let isMoving = job.state == .running && job.total > 0 && job.received < job.total
        progress = isMoving ? Int(Double(job.received) / Double(job.total) * 1000) : nil
        timestamp = job.updatedAt.text
        since = job.updatedAt.minutes
    }
}
