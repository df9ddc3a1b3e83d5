import RegistryCatalog
import RegistryCore
import RegistryOperations
import Testing

@Suite struct PageTests {
    private static let nasty = "<script>alert(1)</script>\"\u{301} onload=\"x"

    @Test func whatACardOrAModelSaysIsShownAsText() async throws {
        try await TestServer.run { server in
            let card = ModelCard(
                licence: Self.nasty, baseModels: [Self.nasty], relation: Self.nasty, tags: [Self.nasty])
            try await server.add(
                "google/tiny", ["config.json": [1]], card: card,
                findings: [Finding(rule: "x", effect: .note, message: Self.nasty)]
            ) { manifest in
                let check = Evidence.Check(
                    name: Self.nasty, outcome: "passed", value: Self.nasty, bound: "<2", reason: Self.nasty)
                return [
                    Evidence(
                        kind: .smokeTest, outcome: .passed, manifest: manifest, producer: Self.nasty,
                        summary: Self.nasty, checks: [check],
                        measurements: ["generatedText": Self.nasty, "meanNLL": "0.5"],
                        test: SmokeTestRecord(
                            identity: TestIdentity(
                                testerBuild: Self.nasty, probeSet: Self.nasty, probes: manifest, bounds: manifest,
                                depth: .quick),
                            bounds: [Self.nasty: 1.0], modelClass: .base, classReason: Self.nasty, base: Self.nasty,
                            sandbox: Self.nasty, seconds: 1, peakMemory: 1, measurements: [Self.nasty: 1.0],
                            texts: [
                                .init(
                                    language: Self.nasty, prompt: Self.nasty,
                                    text: Self.nasty + String(repeating: "a\u{301}", count: 5000), tokens: 9,
                                    endsItself: true)
                            ]))
                ]
            }
            for target in ["/", "/google/tiny", "/compare?a=google/tiny&b=google/tiny"] {
                let page = try await server.get(target)
                #expect(page.status == 200)
                #expect(page.headers["content-type"] == "text/html; charset=utf-8")
                #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
                #expect(!page.text.contains("<script"), "\(target)")
                #expect(page.text.contains("&lt;script&gt;alert(1)"), "\(target)")
                #expect(page.text.unicodeScalars.contains("\u{301}"), "\(target)")
                let quote = "\"\u{301}"
                #expect(!page.body.contains(quote), "\(target)")
            }
        }
    }

    @Test func aSmokeTestIsShownWithAllThatItSaw() async throws {
        try await TestServer.run { server in
            @Sendable func evidence(_ outcome: Evidence.Outcome, _ manifest: SHA256Digest, _ text: String) -> Evidence {
                Evidence(
                    kind: .smokeTest, outcome: outcome, manifest: manifest, producer: "lapidary x", summary: "summary",
                    checks: [
                        .init(name: "mean-nll", outcome: outcome.rawValue, value: "2.5", bound: "at most 7.0"),
                        .init(name: "stop-token", outcome: "not-applicable", reason: "base models have none"),
                        .init(name: "deterministic", outcome: "skipped", reason: "not run, because mean-nll failed"),
                    ],
                    test: SmokeTestRecord(
                        identity: TestIdentity(
                            testerBuild: "lapidary x", probeSet: "general", probes: manifest, bounds: manifest,
                            depth: .quick),
                        bounds: ["maximum-mean-nll": 7.0], modelClass: .instruct, classReason: "it has a chat template",
                        base: "google/base@0", sandbox: "seccomp",
                        machine: Machine(processor: "Abacus 9", cores: 3, memory: 1 << 33, kernel: "Linux 9"),
                        seconds: 1.25, peakMemory: 3 << 20, measurements: ["meanNLL": 2.5],
                        texts: [.init(language: "de", prompt: "Frage", text: text, tokens: 4, endsItself: true)]))
            }
            let long = String(repeating: "wort ", count: 1000)
            let first = try await server.add("google/tiny", ["model.safetensors": [1]]) {
                [evidence(.failed, $0, "old"), evidence(.passed, $0, long)]
            }
            let page = try await server.get("/google/tiny").text
            for part in [
                "<span class=\"pill good\">passed</span>", "at most 7.0", "does not apply", "base models have none",
                "instruct: it has a chat template", "seccomp", "Abacus 9, 3 cores, 8.0 GiB, Linux 9", "1.25 s",
                "3.0 MiB", "google/base@0", "maximum-mean-nll", "general", "Asked (de)", "Frage",
                "the first 2,000 of 5,000 characters, 4 tokens, ended by the model", "Earlier smoke tests",
            ] { #expect(page.contains(part), "\(part)") }
            #expect(!page.contains(long))

            _ = try await server.add(
                "google/other", ["model.safetensors": [2]], card: ModelCard(baseModels: ["google/tiny"]),
                findings: [Finding(rule: "smoke-test", effect: .refuse, message: "broken")]
            ) { [evidence(.failed, $0, "other words")] }
            let relatives = try await server.get("/google/tiny").text
            #expect(relatives.contains("/compare?a=google/other&amp;b=google/tiny@\(first.commit.hex)"))
            let comparison = try await server.get("/compare?a=google/tiny@\(first.commit.hex)&b=google/other")
            #expect(comparison.status == 200)
            for part in ["1 of 3 differ", "other words", "pill refused", "model.safetensors"] {
                #expect(comparison.text.contains(part), "\(part)")
            }
        }
    }

    @Test func aComparisonOfWhatIsNotThereIsAnErrorLikeAnyOther() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", ["model.safetensors": [1]])
            for (query, status) in [
                ("", 400), ("?a=google/tiny", 400), ("?a=google/tiny&b=tiny", 400),
                ("?a=google/tiny&b=google/none", 404),
                ("?a=google/tiny&b=google/tiny@../x", 400), ("?a=google/tiny&b=google/tiny@v9", 400),
                ("?a=google/tiny&b=google/tiny", 200),
            ] { #expect(try await server.get("/compare\(query)").status == status, "\(query)") }
        }
    }

    @Test func whatAJobDoesIsShownBesideItsModel() async throws {
        try await TestServer.run { server in
            let snapshot = try await server.add("google/tiny", ["model.safetensors": [1]])
            let job = try await server.registry.catalog.beginJob(testing: snapshot)
            try await server.registry.catalog.updateJob(job, to: .running, "testing: no-nan-or-inf 43 %")
            for target in ["/", "/google/tiny"] {
                let page = try await server.get(target).text
                #expect(page.contains("re-test: testing: no-nan-or-inf 43 %"), "\(target)")
                #expect(page.contains("pill served"), "\(target)")
            }
            #expect(try await server.get("/google/tiny/resolve/main/model.safetensors").status == 200)
            #expect(try await server.get("/tests").text.contains("Nothing is served that was run"))
        }
    }

    @Test func theJobsPageShowsWhatRunsWaitsAndHasEnded() async throws {
        try await TestServer.run { server in
            #expect(try await server.get("/jobs").text.contains("Nothing was mirrored"))
            let catalog = server.registry.catalog
            let waiting = try await catalog.beginJob(mirroring: RepositoryID("google/later"), at: .main)
            let moment = Timestamp.from(now: .seconds(600))
            try await catalog.updateJob(waiting, to: .waiting, "attempt 2 at \(moment.clock)", waitUntil: moment)
            let ended = try await catalog.beginJob(mirroring: RepositoryID("google/broken"), at: .main)
            try await catalog.updateJob(ended, to: .failed, "<no> such \u{202E}thing")
            let moving = try await catalog.beginJob(mirroring: RepositoryID("google/moving"), at: .main)
            try await catalog.updateJob(moving, to: .running, "fetching")
            try await catalog.updateJob(moving, received: 25, of: 100, "fetched 1 of 2 files")
            let page = try await server.get("/jobs")
            for part in [
                "attempt 2 at \(moment.clock)", "pill refused", "&lt;no&gt; such", "value=\"250\"",
                "fetched 1 of 2 files",
            ] { #expect(page.text.contains(part), "\(part)") }
            #expect(page.headers["refresh"] == "3")
        }
    }

    @Test func aModelsPageHoldsWhatAPersonNeeds() async throws {
        try await TestServer.run { server in
            let snapshot = try await server.add("google/tiny", ["model.safetensors": [1, 2, 3]])
            let page = try await server.get("/google/tiny").text
            for part in [
                "HF_ENDPOINT=http://models.test:8642 hf download google/tiny",
                "from_pretrained(&quot;google/tiny&quot;)",
                "curl -fO http://models.test:8642/google/tiny/resolve/main/model.safetensors", snapshot.commit.hex,
                ContentDigests.sha256(of: [1, 2, 3]).hex, "pytorch_model.bin", "verification", "inspection",
                "<html lang=\"en\">", "<main", "scope=\"col\"", "pill served",
            ] { #expect(page.contains(part), "\(part)") }
        }
    }

    @Test func everyStateIsShownWithItsReason() async throws {
        try await TestServer.run { server in
            try await server.add(
                "google/bad", ["config.json": [1]],
                findings: [Finding(rule: "licences", effect: .refuse, message: "not this licence")])
            _ = try await server.registry.catalog.beginJob(mirroring: RepositoryID("google/new"), at: .main)
            let home = try await server.get("/").text
            #expect(home.contains("licences: not this licence"))
            #expect(home.contains("pill refused"))
            #expect(home.contains("pill preparing"))
            let page = try await server.get("/google/bad").text
            #expect(page.contains("not this licence"))
            #expect(!page.contains("hf download"))
        }
    }

    @Test func aPersonGetsErrorsAsPages() async throws {
        try await TestServer.run { server in
            for target in ["/google/none", "/no/such/page", "/google/tiny/resolve/main/x", "/api/models/google/none"] {
                let page = try await server.get(target, ["Accept: text/html,application/xhtml+xml"])
                #expect(page.status == 404, "\(target)")
                #expect(page.text.contains("<h1>Not Found</h1>"), "\(target)")
                #expect(page.headers["content-security-policy"] != nil)
                let client = try await server.get(target)
                #expect(client.status == 404)
                #expect(client.text.hasPrefix("{"))
            }
        }
    }

    @Test func theStylesheetIsCachedUnderItsContent() async throws {
        try await TestServer.run { server in
            let home = try await server.get("/").text
            let link = try #require(home.split(separator: "\"").first { $0.hasPrefix("/assets/lapidary.css?v=") })
            let sheet = try await server.get(String(link))
            #expect(sheet.headers["content-type"] == "text/css; charset=utf-8")
            #expect(sheet.headers["cache-control"]?.contains("immutable") == true)
            #expect(sheet.text.contains("prefers-color-scheme: dark"))
            #expect(sheet.text.contains("max-width"))
        }
    }
}

extension [UInt8] {
    /// Whether the bytes of a text occur in these. String's own search goes by Characters, and would not see a quote
    /// that carries an accent.
    fileprivate func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
