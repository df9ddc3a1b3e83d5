import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

@Suite struct TreeTests {
    private static let paths = [
        ".gitattributes", "README.md", "config.json", "empty.txt", "model.safetensors", "sub/dir/more notes é.txt",
    ]

    @Test(arguments: [1, 2, 1000])
    func everyPageIsRead(pageSize: Int) async throws {
        try await TemporaryHub.running(pageSize: pageSize) { client, log in
            let commit = try await client.revision(.main, of: tiny).commit
            let files = try await client.tree(of: tiny, at: commit)
            #expect(files.map(\.path.text) == Self.paths)
            #expect(files.map(\.size) == [50, 88, Int64(TemporaryHub.config.count), 0, 3_000_000, 5])
            #expect(files.filter { $0.lfsDigest != nil }.map(\.path.text) == ["model.safetensors"])
            // Two directories are entries, too.
            #expect(log.entries.count == 1 + (Self.paths.count + 2 + pageSize - 1) / pageSize)
        }
    }

    @Test(arguments: [
        (["Notes.md", "notes.md"], "'Notes.md' and 'notes.md'"),
        (["stra\u{DF}e.txt", "strasse.txt"], "'stra\u{DF}e.txt'"),
        (["k.txt", "\u{212A}.txt"], "composed form"),
        (["e\u{301}.txt"], "composed form"),
        (["Sub"], "'Sub' and 'sub/dir/more notes é.txt' inside it"),
        (["-rf"], "begins with '-' or '~'"), (["a:b"], "it holds one of"),
        (["new\nline"], "new?line"),
    ])
    func pathsThatClashOrAreUnsafeAreRefused(paths: [String], message: String) async throws {
        let content: [UInt8] = [1]
        let more = Dictionary(uniqueKeysWithValues: paths.map { ("\(TemporaryHub.repository)/\($0)", content) })
        try await TemporaryHub.running(more: more) { client, _ in
            let commit = try await client.revision(.main, of: tiny).commit
            let error = await failure { try await client.tree(of: tiny, at: commit) }
            guard case .protocolViolation("tree of google/gemma-tiny", _, _)? = error as? UpstreamError else {
                Issue.record("expected a protocol violation, got \(String(describing: error))")
                return
            }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains(message), "\(text)")
            #expect(!text.contains("\n"))
        }
    }

    @Test(arguments: ["http://localhost:1/more", "http://elsewhere.invalid/more", "ftp://127.0.0.1/more"])
    func aNextPageElsewhereIsNotFollowed(address: String) async throws {
        let fault = Fault(.header("Link: <\(address)>; rel=\"next\""), at: "/tree/")
        try await TemporaryHub.running(faults: [fault]) { client, _ in
            let commit = try await client.revision(.main, of: tiny).commit
            let error = await failure { try await client.tree(of: tiny, at: commit) }
            guard case .protocolViolation(_, _, address)? = error as? UpstreamError else {
                Issue.record("expected a protocol violation, got \(String(describing: error))")
                return
            }
        }
    }

    @Test func pagesWithoutEndAreRefused() async throws {
        let fault = Fault(.header("Link: <?cursor=a,b>; rel=\"next\""), at: "/tree/")
        try await TemporaryHub.running(faults: [fault]) { client, log in
            let commit = try await client.revision(.main, of: tiny).commit
            await #expect(
                throws: UpstreamError.protocolViolation(
                    "tree of google/gemma-tiny", expected: "at most 1000 pages", got: "more")
            ) {
                try await client.tree(of: tiny, at: commit)
            }
            #expect(log.entries.count == 1001)
        }
    }

    @Test(arguments: [-1, 1 << 45, Int64.max])
    func aSizeThatNoFileHasIsRefused(size: Int64) async throws {
        let oid = String(repeating: "a", count: 40)
        let entry = #"[{"type":"file","path":"model.safetensors","oid":"\#(oid)","size":\#(size)}]"#
        try await TemporaryHub.running(faults: [Fault(.page(entry), at: "/tree/")]) { client, _ in
            let commit = try await client.revision(.main, of: tiny).commit
            let error = await failure { try await client.tree(of: tiny, at: commit) }
            #expect(error.map { "\($0)" }?.contains("got \(size) for 'model.safetensors'") == true, "\(error as Any)")
        }
    }

    @Test func aTreeThatIsNoJSONIsQuotedBriefly() async throws {
        let fault = Fault(.page("<html>\u{1B}[31mLog in</html>"), at: "/tree/")
        try await TemporaryHub.running(faults: [fault]) { client, _ in
            let commit = try await client.revision(.main, of: tiny).commit
            let error = await failure { try await client.tree(of: tiny, at: commit) }
            #expect(
                error.map { "\($0)" }
                    == "upstream's tree of google/gemma-tiny is wrong: expected JSON as the Hub sends it, "
                    + "got '<html>?[31mLog in</html>'; nothing of it is used")
        }
    }

    @Test func aRevisionSaysWhatTheHubKnows() async throws {
        try await TemporaryHub.running(
            settings: #"{"google/gemma-tiny": {"gated": "auto", "lastModified": "2026-04-14T08:30:00.000Z"}}"#
        ) { client, _ in
            let main = try await client.revision(.main, of: tiny)
            #expect(main.gating == .automatic)
            #expect(main.author == "google")
            #expect(!main.isPrivate)
            #expect(main.lastModified == "2026-04-14T08:30:00.000Z")
            #expect(
                main.card
                    == UpstreamCard(licence: "gemma", baseModels: ["google/gemma-parent"], relation: "finetune"))
            #expect(main.tags.contains("base_model:finetune:google/gemma-parent"))
            let byCommit = try await client.revision(Revision(main.commit.hex), of: tiny)
            #expect(byCommit == main)
        }
    }

    @Test func aRepositoryThatAnswersUnderAnotherNameIsNotTaken() async throws {
        try await TemporaryHub.running { client, _ in
            await #expect(
                throws: UpstreamError.renamed(id("Google/Gemma-Tiny"), to: "google/gemma-tiny")
            ) {
                try await client.revision(.main, of: id("Google/Gemma-Tiny"))
            }
        }
    }
}
