import RegistryCatalog
import RegistryCore
import Testing

@Suite struct TrialTests {
    private static func trial(
        of snapshot: SnapshotRecord, _ outcome: Evidence.Outcome, rules: String, summary: String = "tried"
    ) -> Trial {
        Trial(
            snapshot: snapshot.id, identity: sha256(rules),
            evidence: evidence(.smokeTest, outcome, of: snapshot.manifest, summary: summary))
    }

    @Test func aSnapshotHasOneTrialTheNewest() async throws {
        let catalog = try TemporaryCatalog().open()
        let first = try await catalog.promote(gemma, commit(1), [entry("a", "1")])
        let second = try await catalog.promote(id("google/other"), commit(2), [entry("a", "2")])
        try await catalog.keep(Self.trial(of: first, .passed, rules: "old"))
        try await catalog.keep(Self.trial(of: first, .failed, rules: "new"))
        try await catalog.keep(
            Trial(snapshot: second.id, identity: nil, evidence: Self.trial(of: second, .passed, rules: "").evidence))
        let trials = try await catalog.trials()
        #expect(trials.count == 2)
        #expect(trials[first.id]?.identity == sha256("new"))
        #expect(trials[first.id]?.evidence.outcome == .failed)
        #expect(trials[second.id]?.identity == .some(nil))
        // A trial is no verdict: nobody is served or refused by it.
        #expect(try await catalog.snapshot(gemma, .main)?.evidence[.smokeTest] == nil)
    }

    @Test func allTrialsBecomeEvidenceAndDecisionsTogetherWithAnAuditEntryEach() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let one = try await catalog.promote(gemma, commit(1), [entry("a", "1")])
        let two = try await catalog.promote(id("google/other"), commit(2), [entry("a", "2")])
        for snapshot in [one, two] { try await catalog.keep(Self.trial(of: snapshot, .failed, rules: "new")) }
        let adoptions = [one, two].map { snapshot in
            Adoption(
                snapshot: snapshot, evidence: Self.trial(of: snapshot, .failed, rules: "new").evidence,
                decision: decision(.refuse, of: snapshot.manifest), change: "passed -> failed")
        }
        try await catalog.adopt(adoptions, actor: "the test")
        for name in [gemma, id("google/other")] {
            let now = try #require(try await catalog.snapshot(name, .main))
            #expect(now.evidence[.smokeTest]?.outcome == .failed)
            #expect(now.decision?.outcome == .refuse)
        }
        #expect(try await catalog.trials().isEmpty)
        let entries = try temporary.sql(
            "SELECT actor, subject, detail FROM audit_entries WHERE action = 'retest' ORDER BY id")
        #expect(entries.map { $0[2] } == ["passed -> failed", "passed -> failed"])
        #expect(entries.first?[1] == "\(one.repository)@\(one.commit)")
    }

    @Test func oneThatCannotBeRecordedKeepsAllFromTakingEffect() async throws {
        let catalog = try TemporaryCatalog().open()
        let one = try await catalog.promote(gemma, commit(1), [entry("a", "1")])
        try await catalog.keep(Self.trial(of: one, .failed, rules: "new"))
        // Evidence that passed must name its manifest: the second row breaks a CHECK.
        let adoptions = [sha256("x"), nil].map { manifest in
            Adoption(
                snapshot: one, evidence: evidence(.smokeTest, .passed, of: manifest),
                decision: decision(of: one.manifest), change: "")
        }
        await #expect(throws: CatalogError.self) { try await catalog.adopt(adoptions, actor: "the test") }
        #expect(try await catalog.snapshot(gemma, .main)?.evidence[.smokeTest] == nil)
        #expect(try await catalog.trials().count == 1)
    }

    @Test func everyVerdictOnASnapshotIsKeptNewestFirst() async throws {
        let catalog = try TemporaryCatalog().open()
        let snapshot = try await catalog.promote(gemma, commit(1), [entry("a", "1")])
        for text in ["first", "second", "third"] {
            try await catalog.append(evidence(.smokeTest, of: snapshot.manifest, summary: text), to: snapshot.id)
        }
        #expect(
            try await catalog.evidence(.smokeTest, of: snapshot.id).map(\.summary) == ["third", "second", "first"])
    }

    @Test func howATestWasMadeComesBackAsItWasAndRowsWithoutItAreRead() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let snapshot = try await catalog.promote(gemma, commit(1), [entry("a", "1")])
        let record = SmokeTestRecord(
            identity: TestIdentity(
                testerBuild: "lapidary x", probeSet: "p", probes: sha256("p"), bounds: sha256("b"), depth: .full,
                modelClass: .instruct),
            bounds: ["maximumMeanNLL": 7.0], modelClass: .instruct, classReason: "a chat template",
            base: "google/base@1", sandbox: "seccomp", seconds: 1.5, peakMemory: 1 << 30,
            measurements: ["meanNLL": 2.5, "entropy": MeasuredNumber(.nan), "peak": MeasuredNumber(-.infinity)],
            texts: [.init(language: "de", prompt: "Guten", text: "Tag \u{202E}\n", tokens: 2, endsItself: true)])
        let test = Evidence(
            kind: .smokeTest, outcome: .passed, manifest: snapshot.manifest, producer: "x", summary: "fine",
            test: record)
        try await catalog.append(test, to: snapshot.id)
        #expect(try await catalog.snapshot(gemma, .main)?.evidence[.smokeTest]?.test == record)

        // As the first release wrote it.
        try temporary.sql("UPDATE evidence SET report = json_remove(report, '$.test')")
        let old = try #require(try await catalog.snapshot(gemma, .main)?.evidence[.smokeTest])
        #expect(old.test == nil)
        #expect(old.summary == "fine")
    }

    @Test func jobsOfTheFirstSchemaSurviveTheSecond() async throws {
        let temporary = try TemporaryCatalog()
        let job = try await temporary.open().beginJob(mirroring: gemma, at: .main)
        for statement in [
            "DELETE FROM grdb_migrations WHERE identifier IN ('2 trials', '3 jobs', '7 again')",
            "DROP TABLE trials",
            "ALTER TABLE jobs RENAME TO later",
            """
            CREATE TABLE jobs (id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('mirror')),
                namespace TEXT NOT NULL, name TEXT NOT NULL, revision TEXT NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')), message TEXT NOT NULL,
                created_at TEXT NOT NULL, updated_at TEXT NOT NULL) STRICT
            """,
            """
            INSERT INTO jobs SELECT id, kind, namespace, name, revision, state, message, created_at, updated_at FROM later
            """, "DROP TABLE later",
        ] { try temporary.sql(statement) }
        let catalog = try temporary.open()
        #expect(try await catalog.latestJob(of: gemma)?.id == job)
        try await catalog.updateJob(job, to: .cancelled, "cancelled by the operator")
        #expect(try await catalog.latestJob(of: gemma)?.state == .cancelled)
        #expect(try await catalog.activeJobs().isEmpty)
    }

    @Test func aReTestIsNoMirror() async throws {
        let catalog = try TemporaryCatalog().open()
        let snapshot = try await catalog.promote(gemma, commit(1), [entry("a", "1")])
        let mirror = try await catalog.beginJob(mirroring: gemma, at: .main)
        let test = try await catalog.beginJob(testing: snapshot)
        #expect(try await catalog.latestJob(of: gemma)?.id == test)
        #expect(try await catalog.latestJob(of: gemma, .mirror)?.id == mirror)
        #expect(try await catalog.jobs([test, mirror]).map(\.kind) == [.mirror, .retest])
    }
}
