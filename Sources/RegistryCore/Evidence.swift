/// What Lapidary found out about a snapshot, bound to the exact bytes by the manifest's digest.
package struct Evidence: Sendable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case verification, inspection
        case smokeTest = "smoke-test"
    }

    package enum Outcome: String, Sendable, Codable {
        case passed, warned, failed, unsupported
    }

    package let kind: Kind
    package let outcome: Outcome
    /// Nil only where the bytes never matched what upstream announced, so that there is no manifest to name.
    package let manifest: SHA256Digest?
    /// Which build of what made it, e.g. `lapidary-smoke-test 1 (sha256:…)`.
    package let producer: String
    /// One line for tables and error messages.
    package let summary: String
    /// Named checks, in the order they were made.
    package let checks: [Check]
    /// Further facts, by name: `modelType`, `parameters`, ….
    package let measurements: [String: String]
    /// How a smoke test was made, and what it saw; nil for other kinds, for a test that could not begin, and for
    /// verdicts of builds that did not record it.
    package let test: SmokeTestRecord?
    /// UTC.
    package let madeAt: Timestamp

    package struct Check: Sendable, Codable, Equatable {
        package let name: String
        package let outcome: String
        package let value: String
        package let bound: String
        package let reason: String

        package init(name: String, outcome: String, value: String = "", bound: String = "", reason: String = "") {
            self.name = name
            self.outcome = outcome
            self.value = value
            self.bound = bound
            self.reason = reason
        }
    }

    package init(
        kind: Kind, outcome: Outcome, manifest: SHA256Digest?, producer: String, summary: String, checks: [Check] = [],
        measurements: [String: String] = [:], test: SmokeTestRecord? = nil, madeAt: Timestamp = .now
    ) {
        self.kind = kind
        self.outcome = outcome
        self.manifest = manifest
        self.producer = producer
        self.summary = summary
        self.checks = checks
        self.measurements = measurements
        self.test = test
        self.madeAt = madeAt
    }
}
