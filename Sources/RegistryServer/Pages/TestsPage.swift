import RegistryCore
import RegistryOperations

/// What `tests.mustache` shows: where re-tests of everything served stand.
struct TestsPage {
    struct Row {
        let name: String
        let path: String
        let commit: String
        let verdict: String
        let style: String
        let next: String
        let nextStyle: String
        let change: String
        let isQuiet: Bool

        init(_ row: RetestRow) {
            name = row.repository.description
            path = "/\(row.repository)"
            commit = row.commit.short
            verdict = row.verdict.rawValue
            style = ModelPage.Style.of(row.verdict.rawValue)
            next = row.nextVerdict?.rawValue ?? "not tested yet"
            nextStyle = row.nextVerdict.map { ModelPage.Style.of($0.rawValue) } ?? "quiet"
            change = row.state == .untested ? "" : row.change
            isQuiet = row.state == .current
        }
    }

    struct Line {
        let text: String
    }

    let title = "Tests"
    let stylesheet: String
    let summary: String
    let trouble: String?
    let brake: String?
    let hasChanges: Bool
    let changes: [Line]
    let hasRows: Bool
    let rows: [Row]

    init(_ tests: Retest.Answer, stylesheet: String) {
        self.stylesheet = stylesheet
        summary = tests.rows.isEmpty ? "Nothing is served that was run" : tests.summary.capitalised
        trouble = tests.trouble.map(TestsNotice.words)
        brake = tests.brake.map(\.capitalised)
        changes = tests.changes.map(Line.init)
        hasChanges = !changes.isEmpty
        rows = tests.rows.map(Row.init)
        hasRows = !rows.isEmpty
    }
}

/// A line on the home page while new rules are not in effect.
struct TestsNotice {
    let text: String
    let style: String

    /// Nil where everything served was tested under the present rules, and nothing keeps tests from going on.
    init?(_ tests: Retest.Answer) {
        if let trouble = tests.trouble {
            text = Self.words(of: trouble)
            style = "failed"
        } else if let brake = tests.brake {
            text = brake.capitalised + "."
            style = "held"
        } else if tests.rows.contains(where: { $0.state != .current }) {
            text = tests.summary.capitalised + "."
            style = "preparing"
        } else {
            return nil
        }
    }

    static func words(of trouble: RetestTrouble) -> String {
        "Re-tests stopped on \(trouble.at.minutes): \(trouble.message). Everything stays served under the verdict it has."
    }
}

extension String {
    fileprivate var capitalised: String { prefix(1).uppercased() + dropFirst() }
}
