import RegistryCatalog
import RegistryCore
import RegistryOperations

/// The parts of a model's page, each as texts that are ready to show.
extension ModelPage {
    struct DecisionView {
        let outcome: String
        let style: String
        let policy: String
        let hasFindings: Bool
        let findings: [FindingView]

        init(_ decision: Decision) {
            outcome = decision.outcome.rawValue
            style = Style.of(decision.outcome.rawValue)
            policy = "sha256:\(decision.policy.hex.prefix(16))…"
            findings = decision.findings.map(FindingView.init)
            hasFindings = !findings.isEmpty
        }
    }

    struct FindingView {
        let rule: String
        let effect: String
        let style: String
        let message: String

        init(_ finding: Finding) {
            rule = finding.rule
            effect = finding.effect.rawValue
            style = Style.of(finding.effect.rawValue)
            message = finding.message
        }
    }

    struct EvidenceView {
        let kind: String
        let outcome: String
        let style: String
        let summary: String
        let hasChecks: Bool
        /// A column that no check fills is left out.
        let hasValues: Bool
        let hasBounds: Bool
        let hasReasons: Bool
        let checks: [CheckView]
        let hasMeasurements: Bool
        let measurements: [Fact]
        /// For a smoke test that recorded how it was made.
        let test: SmokeTestView?
        let generated: String?
        let madeAt: String
        let producer: String
        let manifest: String?

        init(_ evidence: Evidence) {
            kind = evidence.kind.rawValue
            outcome = evidence.outcome.rawValue
            style = Style.of(evidence.outcome.rawValue)
            summary = evidence.summary
            checks = evidence.checks.map(CheckView.init)
            hasChecks = !checks.isEmpty
            test = evidence.test.map(SmokeTestView.init)
            hasValues = checks.contains { !$0.value.isEmpty }
            hasBounds = checks.contains { !$0.bound.isEmpty }
            hasReasons = checks.contains { !$0.reason.isEmpty }
            measurements = evidence.measurements.filter { $0.key != "generatedText" }.sorted { $0.key < $1.key }
                .map { Fact(name: $0.key, value: $0.value) }
            hasMeasurements = !measurements.isEmpty
            generated = evidence.measurements["generatedText"]
            madeAt = evidence.madeAt.minutes
            producer = evidence.producer
            manifest = evidence.manifest.map { "\($0.hex.prefix(16))…" }
        }
    }

    struct CheckView {
        let name: String
        let outcome: String
        let style: String
        /// True of what was not asked: quieter than what was.
        let isQuiet: Bool
        let value: String
        let bound: String
        let reason: String

        init(_ check: Evidence.Check) {
            name = check.name
            outcome = check.outcome == "not-applicable" ? "does not apply" : check.outcome
            isQuiet = check.outcome == "skipped" || check.outcome == "not-applicable"
            style = Style.of(check.outcome)
            value = check.value
            bound = check.bound
            reason = check.reason
        }
    }

    struct FileView {
        let path: String
        /// Nil where the file is not served.
        let href: String?
        let size: String
        let digest: String
        let verified: String

        init(_ file: FileEntry, of summary: ModelSummary, _ lastVerified: [SHA256Digest: String]) {
            verified = lastVerified[file.digest] ?? "–"
            path = file.path.text
            size = Quantity.bytes(file.size)
            digest = file.digest.hex
            let revision = summary.commit?.hex ?? "main"
            href =
                summary.state == .served
                ? "/\(summary.repository)/resolve/\(revision)/\(PercentCoding.encode(file.path.text))" : nil
        }
    }

    struct PullView {
        let consumer: String
        let state: String
        let bytes: String
        let first: String
        let last: String

        init(_ pull: Pull) {
            consumer = pull.consumer.label
            state = pull.completedAt == nil ? "unfinished" : "complete"
            bytes = Quantity.bytes(pull.bytes)
            first = pull.firstAt.minutes
            last = pull.lastAt.minutes
        }
    }

    struct HostView {
        let host: String
        let state: String
        let style: String
        let path: String
        let seen: String

        init(_ row: InventoryRow) {
            host = row.host
            state = row.goneAt == nil ? row.state.rawValue : "gone"
            style = row.goneAt == nil ? Style.of(row.state.rawValue) : ""
            path = row.path
            seen = (row.goneAt ?? row.lastSeenAt).minutes
        }
    }

    struct OtherView {
        let commit: String
        let state: String
        let since: String
        /// Its page beside this one; nil where there is nothing to compare with.
        let compare: String?

        init(_ other: OtherSnapshot, than summary: ModelSummary) {
            compare = summary.commit.map {
                "/compare?a=\(summary.repository)@\(other.commit.hex)&b=\(summary.repository)@\($0.hex)"
            }
            commit = other.commit.hex
            state = other.state.rawValue
            since = other.createdAt.minutes
        }
    }

    /// The pill's colour for an outcome's word. The word itself always stands in the pill.
    enum Style {
        static func of(_ word: String) -> String {
            switch word {
            case "passed", "admit", "approved": "good"
            case "warned", "hold", "held", "unsupported": "wait"
            case "failed", "refuse", "refused": "bad"
            case "revoked": "gone"
            case "skipped", "does not apply", "not-applicable": "quiet"
            default: ""
            }
        }
    }
}
