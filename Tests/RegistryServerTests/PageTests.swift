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
                        measurements: ["generatedText": Self.nasty, "meanNLL": "0.5"])
                ]
            }
            for target in ["/", "/google/tiny"] {
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
