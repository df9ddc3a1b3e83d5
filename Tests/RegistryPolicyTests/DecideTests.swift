import RegistryCore
import RegistryPolicy
import Testing

@Suite struct DecideTests {
    private static let manifest = ContentDigests.sha256(of: Array("the manifest".utf8))
    private static let otherBytes = ContentDigests.sha256(of: Array("another manifest".utf8))

    struct Facts {
        var policy: Policy
        var dossier: Dossier
    }

    /// A change to a policy and facts that are admitted as they are, and what becomes of them.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let outcome: Decision.Outcome
        /// The rule of the only finding; nil where there is none.
        let rule: String?
        let words: String
        let change: @Sendable (inout Facts) -> Void

        init(
            _ description: String, _ outcome: Decision.Outcome, _ rule: String? = nil, _ words: String = "",
            change: @escaping @Sendable (inout Facts) -> Void
        ) {
            testDescription = description
            self.outcome = outcome
            self.rule = rule
            self.words = words
            self.change = change
        }
    }

    private static func facts() throws -> Facts {
        let dossier = Dossier(
            repository: try RepositoryID("google/gemma-3-1b-it"), licence: "gemma", totalSize: 2_000_000_000,
            weights: ["model.safetensors"], others: [], manifest: manifest,
            evidence: Dictionary(uniqueKeysWithValues: Evidence.Kind.allCases.map { ($0, evidence($0, .passed)) }))
        return Facts(policy: try PolicyText.parse(PolicyText.valid), dossier: dossier)
    }

    private static func evidence(
        _ kind: Evidence.Kind, _ outcome: Evidence.Outcome, of manifest: SHA256Digest? = manifest
    ) -> Evidence {
        Evidence(
            kind: kind, outcome: outcome, manifest: manifest, producer: "the test",
            summary: "\(kind.rawValue) \(outcome.rawValue)")
    }

    private static func says(
        _ kind: Evidence.Kind, _ outcome: Evidence.Outcome, of manifest: SHA256Digest? = manifest
    ) -> @Sendable (inout Facts) -> Void {
        { $0.dossier.evidence[kind] = evidence(kind, outcome, of: manifest) }
    }

    private static let pickles = ["a.bin", "b.bin", "c.pt", "d.pt", "e.pkl", "f.pkl", "g.zip"]
        .map { LeftOutFile(path: $0, format: "pickle") }

    @Test(arguments: [
        Case("nothing speaks against it", .admit) { _ in },
        Case("another licence", .refuse, "licences", "licence 'mit' is not allowed; allowed are: gemma, apache-*") {
            $0.dossier.licence = "mit"
        },
        Case("no licence", .refuse, "licences", "states no licence") { $0.dossier.licence = nil },
        Case("an empty licence", .refuse, "licences", "states no licence") { $0.dossier.licence = "" },
        Case("a licence in other letters", .admit) { $0.dossier.licence = "Gemma" },
        Case("a licence by its pattern", .admit) { $0.dossier.licence = "apache-2.0" },
        Case("no licence where any will do", .admit) {
            $0.policy.licences = [NamePattern("*")]
            $0.dossier.licence = nil
        },
        Case("a hostile licence", .refuse, "licences", "licence 'x??Set-Cookie: a' is") {
            $0.dossier.licence = "x\r\nSet-Cookie: a"
        },
        Case("another author", .refuse, "authors", "author 'google' is not allowed; allowed are: unsloth") {
            $0.policy.authors = [NamePattern("unsloth")]
        },
        Case("no author allowed", .refuse, "authors") { $0.policy.authors = [] },
        Case("as large as allowed", .admit) { $0.dossier.totalSize = $0.policy.maximumSize },
        Case("a byte too large", .refuse, "maximum-size", "is more than the allowed") {
            $0.dossier.totalSize = $0.policy.maximumSize + 1
        },
        Case("no weights", .refuse, "formats", "no weights in an allowed format (safetensors, json)") {
            $0.dossier.weights = []
        },
        Case("no weights but pickles", .refuse, "formats", "holds a.bin (pickle)") {
            $0.dossier.weights = []
            $0.dossier.others = pickles
        },
        Case("others left out", .admit, "formats", "left out: a.bin (pickle), b.bin") { $0.dossier.others = pickles },
        Case("seven others named as five", .admit, "formats", "e.pkl (pickle) and 2 more") {
            $0.dossier.others = pickles
        },
        Case("others refused", .refuse, "formats", "formats not allowed: a.bin") {
            $0.policy.formats.others = .refuse
            $0.dossier.others = pickles
        },
        Case("a hostile name left out", .admit, "formats", "left out: a??X: b (pickle)") {
            $0.dossier.others = [LeftOutFile(path: "a\r\nX: b", format: "pickle")]
        },
        Case("not verified", .hold, "verification", "not been verified yet") {
            $0.dossier.evidence[.verification] = nil
        },
        Case(
            "verification failed", .refuse, "verification", "verification failed", change: says(.verification, .failed)),
        Case(
            "verification failed before there was a manifest", .refuse, "verification", "verification failed",
            change: says(.verification, .failed, of: nil)),
        Case(
            "verification of other bytes", .hold, "verification", "not been verified yet",
            change: says(.verification, .passed, of: otherBytes)),
        Case(
            "verification of no bytes", .hold, "verification", "not been verified yet",
            change: says(.verification, .passed, of: nil)),
        Case("not inspected", .hold, "inspection", "not been inspected yet") { $0.dossier.evidence[.inspection] = nil },
        Case("inspection of other bytes", .hold, "inspection", change: says(.inspection, .passed, of: otherBytes)),
        Case("inspection failed", .refuse, "inspection", "inspection failed", change: says(.inspection, .failed)),
        Case("inspection warned", .admit, "inspection", "inspection warned", change: says(.inspection, .warned)),
        Case("inspection unsupported", .refuse, "inspection", change: says(.inspection, .unsupported)),
        Case("not run", .hold, "smoke-test", "has not been run yet") { $0.dossier.evidence[.smokeTest] = nil },
        Case("not run and not required", .admit, "smoke-test", "does not ask for it") {
            $0.policy.smokeTest.required = false
            $0.dossier.evidence[.smokeTest] = nil
        },
        Case("a run of other bytes", .hold, "smoke-test", change: says(.smokeTest, .passed, of: otherBytes)),
        Case("a failed run", .refuse, "smoke-test", "smoke-test failed", change: says(.smokeTest, .failed)),
        Case("a failed run that was not required", .refuse, "smoke-test", "smoke-test failed") {
            $0.policy.smokeTest.required = false
            $0.dossier.evidence[.smokeTest] = evidence(.smokeTest, .failed)
        },
        Case("a run that warned", .admit, "smoke-test", "smoke-test warned", change: says(.smokeTest, .warned)),
        Case("a run unsupported, refused", .refuse, "smoke-test", change: says(.smokeTest, .unsupported)),
        Case("a run unsupported, held", .hold, "smoke-test") {
            $0.policy.smokeTest.unsupported = .hold
            $0.dossier.evidence[.smokeTest] = evidence(.smokeTest, .unsupported)
        },
        Case("a run unsupported, noted", .admit, "smoke-test") {
            $0.policy.smokeTest.unsupported = .note
            $0.dossier.evidence[.smokeTest] = evidence(.smokeTest, .unsupported)
        },
        Case("an approval missing", .hold, "approvals", "0 of 1 approvals given") { $0.policy.approvals = 1 },
        Case("approvals given", .admit) {
            $0.policy.approvals = 2
            $0.dossier.approvals = 2
        },
    ])
    func aFactHasItsOutcomeAndNamesItsRule(of fact: Case) throws {
        var facts = try Self.facts()
        fact.change(&facts)
        let decision = facts.policy.decide(on: facts.dossier)
        #expect(decision.outcome == fact.outcome)
        #expect(decision.findings.map(\.rule) == (fact.rule.map { [$0] } ?? []))
        #expect(fact.words.isEmpty || decision.findings.first?.message.contains(fact.words) == true)
        #expect(decision.policy == facts.policy.digest)
        #expect(decision.manifest == facts.dossier.manifest)
    }

    @Test func withoutAManifestNoEvidenceCounts() throws {
        var facts = try Self.facts()
        facts.policy.smokeTest.required = true
        facts.dossier.manifest = nil
        for kind in Evidence.Kind.allCases { facts.dossier.evidence[kind] = Self.evidence(kind, .passed, of: nil) }
        let decision = facts.policy.decide(on: facts.dossier)
        #expect(decision.outcome == .hold)
        #expect(decision.findings.map(\.rule) == ["verification", "inspection", "smoke-test"])
    }

    @Test func everyRuleHasItsWordAndTheGravestDecides() throws {
        var facts = try Self.facts()
        facts.policy.approvals = 1
        facts.policy.authors = []
        facts.dossier.licence = nil
        facts.dossier.totalSize = .max
        facts.dossier.weights = []
        facts.dossier.evidence = [:]
        let decision = facts.policy.decide(on: facts.dossier)
        #expect(decision.outcome == .refuse)
        #expect(
            decision.findings.map(\.rule) == [
                "formats", "licences", "authors", "maximum-size", "verification", "inspection", "smoke-test",
                "approvals",
            ])
        #expect(decision.reason?.rule == "formats")
        // What needs no bytes is known before anything is fetched.
        #expect(facts.policy.screen(facts.dossier).map(\.rule) == ["formats", "licences", "authors", "maximum-size"])
    }

    @Test func whatMustBeThereGoesWithTheDecision() throws {
        var facts = try Self.facts()
        #expect(facts.policy.decide(on: facts.dossier).required == [.verification, .inspection, .smokeTest])
        facts.policy.smokeTest.required = false
        #expect(facts.policy.decide(on: facts.dossier).required == [.verification, .inspection])
        facts.dossier.evidence = [:]
        #expect(facts.policy.decide(on: facts.dossier).required == [.verification, .inspection])
    }

    @Test func theFirstProbeThatFitsCounts() throws {
        var policy = try PolicyText.parse(PolicyText.valid)
        #expect(policy.probe(for: try RepositoryID("google/gemma"))?.bounds.maximumMeanNLL == 2.25)
        #expect(policy.probe(for: try RepositoryID("other/gemma"))?.bounds.maximumMeanNLL == 7)
        policy.smokeTest.probes = []
        #expect(policy.probe(for: try RepositoryID("google/gemma")) == nil)
    }
}
