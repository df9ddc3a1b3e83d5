import RegistryCatalog
package import RegistryCore
import RegistryPolicy

/// Where a snapshot stands on the way from the rules that it was tested under to those of now.
package struct RetestRow: Codable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Its verdict is one under the present rules.
        case current
        /// It was tested under the present rules, and waits for the others.
        case tested
        /// Not tested under the present rules yet.
        case untested
        /// Its files are not all here: mirroring it again brings them back.
        case incomplete
    }

    package let repository: RepositoryID
    package let commit: CommitID
    package let state: State
    /// What it is served under.
    package let verdict: Evidence.Outcome
    package let identity: TestIdentity?
    /// What the present rules say; nil while it is not tested under them.
    package let nextVerdict: Evidence.Outcome?
    package let nextIdentity: TestIdentity?
    /// What would become of it; nil while that is not known.
    package let nextState: ModelState?
    /// `stays`, `passed -> failed: mean-nll 7.4 …, will be refused`, `not tested yet`.
    package let change: String

    /// True where the new rules would take it out of service.
    package var isLeaving: Bool { state == .tested && nextState != .served }
}

/// Everything served, against the present rules of testing: a value, made anew whenever somebody asks.
package struct RetestPlan: Sendable {
    /// A served snapshot with what the rules make of it.
    struct Candidate: Sendable {
        let snapshot: SnapshotRecord
        let evidence: Evidence
        let planned: TestIdentity?
        let isWhole: Bool
        /// A trial under the present rules, and what the policy makes of it.
        let next: (trial: Trial, decision: Decision)?

        var isStale: Bool { evidence.test?.identity != planned }
    }

    let candidates: [Candidate]
    package let rows: [RetestRow]

    init(_ candidates: [Candidate]) {
        self.candidates = candidates.sorted {
            ($0.snapshot.repository.description, $0.snapshot.id) < ($1.snapshot.repository.description, $1.snapshot.id)
        }
        rows = self.candidates.map(RetestRow.init)
    }

    /// Has a verdict under the present rules, in force or waiting.
    package var tested: Int { rows.count { $0.state == .current || $0.state == .tested } }
    /// What counts for the rules to take effect: what is not whole cannot be tested, and holds up nobody.
    package var total: Int { rows.count { $0.state != .incomplete } }

    var untested: [Candidate] { zip(candidates, rows).filter { $0.1.state == .untested }.map(\.0) }
    var waiting: [Candidate] { candidates.filter { $0.isStale && $0.isWhole && $0.next != nil } }
    /// True where everything that counts has a verdict under the present rules and some of them are not in force.
    var isReady: Bool { untested.isEmpty && !waiting.isEmpty }

    /// What differs between the rules in force and the present ones, each once.
    package var changes: [String] {
        var seen: [String] = []
        for candidate in candidates where candidate.isStale {
            let changes: [String] =
                switch (candidate.evidence.test?.identity, candidate.planned) {
                case (let old?, let new?): old.changes(to: new)
                case (nil, _): ["tested before the rules of a test were recorded"]
                case (_, nil): ["no probe in the policy fits it any more"]
                }
            seen += changes.filter { !seen.contains($0) }
        }
        return seen
    }

    /// Why the new rules do not take effect by themselves although everything has been tested: a change that takes most
    /// of what is served away at once is rather a mistake in the rules, or a broken tester, than that many broken
    /// models. Nil where nothing speaks against it.
    package var brake: String? {
        guard isReady else { return nil }
        let leaving = rows.count(where: \.isLeaving)
        guard leaving >= 3, leaving * 2 > total else { return nil }
        return "\(leaving) of \(total) served models would go out of service at once, so nothing was changed: look at "
            + "them, then 'lapidary retest --apply' lets the new verdicts take effect"
    }
}

extension RetestRow {
    init(_ candidate: RetestPlan.Candidate) {
        let snapshot = candidate.snapshot
        repository = snapshot.repository
        commit = snapshot.commit
        verdict = candidate.evidence.outcome
        identity = candidate.evidence.test?.identity
        nextIdentity = candidate.planned
        guard candidate.isStale else {
            (state, nextVerdict, nextState, change) = (.current, verdict, .served, "stays")
            return
        }
        guard candidate.isWhole else {
            (state, nextVerdict, nextState) = (.incomplete, nil, nil)
            change = "cannot be tested: its files are not all here; mirror it again"
            return
        }
        guard let next = candidate.next else {
            (state, nextVerdict, nextState, change) = (.untested, nil, nil, "not tested yet")
            return
        }
        state = .tested
        nextVerdict = next.trial.evidence.outcome
        nextState = ModelState(next.decision.outcome)
        change = Self.change(from: candidate.evidence, to: next.trial.evidence, next.decision)
    }

    /// `stays`, or `passed -> failed: mean-nll 7.4 (bound at most 7.0): …, will be refused`.
    static func change(from old: Evidence, to new: Evidence, _ decision: Decision) -> String {
        let consequence: String? =
            switch decision.outcome {
            case .admit: nil
            case .hold: "will be held"
            case .refuse: "will be refused"
            }
        guard new.outcome != old.outcome || consequence != nil else { return "stays" }
        let verdicts = "\(old.outcome.rawValue) -> \(new.outcome.rawValue)"
        let why = new.outcome == .passed ? "" : ": \(new.summary.printable)"
        let other = decision.reason.map { $0.rule == "smoke-test" ? "" : " by rule \($0.rule)" } ?? ""
        return "\(verdicts)\(why), \(consequence.map { $0 + other } ?? "stays served")"
    }
}

extension ModelState {
    init(_ outcome: Decision.Outcome) {
        self =
            switch outcome {
            case .admit: .served
            case .hold: .held
            case .refuse: .refused
            }
    }
}
