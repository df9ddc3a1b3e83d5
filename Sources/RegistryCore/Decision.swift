/// What a policy says of a snapshot, and why.
package struct Decision: Sendable, Codable, Equatable {
    package enum Outcome: String, Sendable, Codable {
        /// May be promoted and served.
        case admit
        /// Nothing speaks against it, but something is still missing (an approval).
        case hold
        case refuse
    }

    package let outcome: Outcome
    package let findings: [Finding]
    /// SHA-256 of the policy file's bytes.
    package let policy: SHA256Digest
    /// Nil where there was no manifest to decide on (see ``Evidence/manifest``).
    package let manifest: SHA256Digest?
    /// The evidence that must be there, of these very bytes, for the decision to count.
    package let required: [Evidence.Kind]

    package init(
        findings: [Finding], policy: SHA256Digest, manifest: SHA256Digest?, required: [Evidence.Kind] = []
    ) {
        self.findings = findings
        self.required = required
        self.policy = policy
        self.manifest = manifest
        outcome = findings.map(\.effect.outcome).max { $0.rank < $1.rank } ?? .admit
    }

    /// The finding that a refused client is shown: the first of the gravest kind.
    package var reason: Finding? { findings.first { $0.effect.outcome == outcome && outcome != .admit } }
}

/// One rule's word on a snapshot.
package struct Finding: Sendable, Codable, Equatable {
    package enum Effect: String, Sendable, Codable {
        case note, hold, refuse

        var outcome: Decision.Outcome {
            switch self {
            case .note: .admit
            case .hold: .hold
            case .refuse: .refuse
            }
        }
    }

    /// The rule's name, as the policy file spells it: `licences`, `smoke-test`, ….
    package let rule: String
    package let effect: Effect
    package let message: String

    package init(rule: String, effect: Effect, message: String) {
        self.rule = rule
        self.effect = effect
        self.message = message
    }
}

extension Decision.Outcome {
    fileprivate var rank: Int {
        switch self {
        case .admit: 0
        case .hold: 1
        case .refuse: 2
        }
    }
}
