/// What `lapidary doctor` found.
package struct Diagnosis: Codable, Sendable {
    /// Whose settings these are, and who looked.
    package let place: String
    package let settings: [Setting]
    package let checks: [HealthCheck]

    /// 1 where something does not work; a warning is none.
    package var exitCode: Int32 { checks.contains { $0.outcome == .fail } ? 1 : 0 }
}

/// A setting as it stands, and where it came from.
package struct Setting: Codable, Sendable, Equatable {
    package let name: String
    /// Never a secret.
    package let value: String
    /// `--proxy`, `LAPIDARY_PROXY`, a file, `default`.
    package let source: String

    package init(name: String, value: String, source: String) {
        self.name = name
        self.value = value
        self.source = source
    }
}

/// One thing that was looked at.
package struct HealthCheck: Codable, Sendable {
    package enum Outcome: String, Codable, Sendable {
        case ok, warn, fail
        /// Nothing can be said.
        case unchecked
    }

    package let name: String
    package let outcome: Outcome
    /// What was seen.
    package let measured: String
    /// What to do about it, or how to have it checked; empty where there is nothing.
    package let advice: String

    init(_ name: String, _ outcome: Outcome, _ measured: String, _ advice: String = "") {
        self.name = name
        self.outcome = outcome
        self.measured = measured
        self.advice = advice
    }
}
