import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import Testing

@Suite struct HubTests {
    private static let weights = TestServer.bytes(1000)
    private static let files = [
        "config.json": Array("{}".utf8), "model.safetensors": weights, "a/b/c.txt": [1], "a/d.txt": [2], "e.txt": [3],
    ]
    private static let card = ModelCard(
        licence: "gemma", baseModels: ["google/gemma-3-1b-pt"], relation: "finetune", pipeline: "text-generation",
        library: "transformers", tags: ["medical"])

    private struct Info: Decodable {
        struct Sibling: Decodable {
            struct LFS: Decodable {
                let sha256: String
                let size: Int
                let pointerSize: Int
            }
            let rfilename: String
            let size: Int?
            let blobId: String?
            let lfs: LFS?
        }
        let _id: String
        let id: String
        let sha: String?
        let gated: Bool?
        let tags: [String]?
        let createdAt: String?
        let lastModified: String?
        let siblings: [Sibling]?
        let downloads: Int?
    }

    @Test func aModelIsDescribedAsTheHubDoes() async throws {
        try await TestServer.run { server in
            let snapshot = try await server.add("google/tiny", Self.files, card: Self.card)
            let answer = try await server.get("/api/models/google/tiny/revision/main?blobs=True")
            #expect(answer.text.contains(#""gated":false"#))
            let info = try answer.json(Info.self)
            #expect(info.id == "google/tiny")
            #expect(info._id.utf8.count == 24)
            #expect(info.sha == snapshot.commit.hex)
            #expect(info.createdAt?.hasSuffix("Z") == true)
            #expect(info.lastModified?.hasSuffix("Z") == true)
            let tags = try #require(info.tags)
            for tag in [
                "medical", "license:gemma", "base_model:google/gemma-3-1b-pt",
                "base_model:finetune:google/gemma-3-1b-pt",
            ] { #expect(tags.contains(tag)) }
            let siblings = try #require(info.siblings)
            #expect(siblings.map(\.rfilename) == ["a/b/c.txt", "a/d.txt", "config.json", "e.txt", "model.safetensors"])
            let lfs = try #require(siblings.last?.lfs)
            #expect(lfs.sha256 == ContentDigests.sha256(of: Self.weights).hex)
            #expect(lfs.size == 1000)
            #expect(
                lfs.pointerSize
                    == "version https://git-lfs.github.com/spec/v1\noid sha256:\(lfs.sha256)\nsize 1000\n".utf8.count)

            let plain = try await server.get("/api/models/google/tiny?blobs=false").json(Info.self)
            #expect(plain.siblings?.allSatisfy { $0.size == nil && $0.lfs == nil } == true)
            let expanded = try await server.get("/api/models/google/tiny?expand=sha&expand[]=downloads&expand=xyz")
            #expect(expanded.text.contains("\"siblings\"") == false)
            #expect(try expanded.json(Info.self).sha == snapshot.commit.hex)
        }
    }

    private struct Entry: Decodable, Equatable {
        let type: String
        let path: String
        let oid: String
        let size: Int
    }

    @Test func aTreeIsListedWholeByFolderAndByPage() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            let tree = "/api/models/google/tiny/tree/main"
            let whole = try await server.get("\(tree)?recursive=true&expand=false").json([Entry].self)
            #expect(
                whole.map(\.path) == [
                    "a", "a/b", "a/b/c.txt", "a/d.txt", "config.json", "e.txt", "model.safetensors",
                ])
            #expect(whole.filter { $0.type == "directory" }.map(\.path) == ["a", "a/b"])
            let root = try await server.get("\(tree)?recursive=false").json([Entry].self)
            #expect(root.map(\.path) == ["a", "config.json", "e.txt", "model.safetensors"])
            let folder = try await server.get("\(tree)/a%2Fb").json([Entry].self)
            #expect(folder.map(\.path) == ["a/b/c.txt"])

            var pages: [Entry] = []
            var target: String? = "\(tree)?recursive=1&limit=3"
            while let asked = target {
                let page = try await server.get(asked)
                let entries = try page.json([Entry].self)
                #expect(entries.count <= 3)
                pages += entries
                let link = page.headers["link"]
                #expect(
                    link.map { $0.hasPrefix("<http://models.test:8642/") && $0.hasSuffix(">; rel=\"next\"") } ?? true)
                target = link?.split(separator: ">").first.map {
                    String($0.dropFirst("<http://models.test:8642".count))
                }
            }
            #expect(pages == whole)

            // text-generation-webui makes this cursor itself, and reads until a page is empty.
            let inner = Foundation.Data(#"{"file_name":"model.safetensors"}"#.utf8).base64EncodedString()
            let cursor = Foundation.Data("\(inner):50".utf8).base64EncodedString().replacing("=", with: "%3D")
            #expect(try await server.get("\(tree)?cursor=\(cursor)").json([Entry].self).isEmpty)
            #expect(try await server.get("\(tree)?cursor=nonsense").status == 400)

            let missing = try await server.get("\(tree)/additional_chat_templates")
            #expect(missing.status == 404)
            #expect(missing.headers["x-error-code"] == "EntryNotFound")
            #expect(missing.headers["x-repo-commit"] != nil)
        }
    }

    @Test func aTreesFoldersCarryTheIdsThatGitGivesThem() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", ["a/x.txt": Array("hello\n".utf8)])
            let entries = try await server.get("/api/models/google/tiny/tree/main").json([Entry].self)
            // git init; mkdir a; echo hello > a/x.txt; git add .; git write-tree; git rev-parse <tree>:a
            #expect(entries.map(\.oid) == ["9fa6a6d71d42445400aef1e5fda85a9cd64eb517"])
        }
    }

    @Test func pathsAreLookedUpFromAFormAndFromJSON() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            let target = "/api/models/google/tiny/paths-info/main"
            let form = try await server.send(
                "POST", target, ["Content-Type: application/x-www-form-urlencoded"],
                body: "paths=config.json&paths=a&paths=nope&paths=a%2Fd.txt&expand=false")
            #expect(try form.json([Entry].self).map(\.path) == ["config.json", "a", "a/d.txt"])
            let json = try await server.send(
                "POST", target, ["Content-Type: application/json"], body: #"{"paths":["e.txt"],"expand":true}"#)
            #expect(try json.json([Entry].self).map(\.path) == ["e.txt"])
            #expect(json.text.contains("lastCommit"))
            let broken = try await server.send(
                "POST", target, ["Content-Type: application/json"], body: #"{"paths":7}"#)
            #expect(broken.status == 400)
        }
    }

    @Test func refsNameBranchesTagsAndConverts() async throws {
        try await TestServer.run { server in
            let snapshot = try await server.add("google/tiny", Self.files)
            let refs = try await server.get("/api/models/google/tiny/refs?include_prs=1").text
            #expect(
                refs == #"{"branches":[{"name":"main","ref":"refs/heads/main","targetCommit":"\#(snapshot.commit)"}],"#
                    + #""converts":[],"pullRequests":[],"tags":[]}"#)
        }
    }

    @Test func theListHoldsWhatIsServedAndNothingElse() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files, card: Self.card)
            try await server.add("google/tiny-b", Self.files)
            try await server.add("acme/Tiny-Med", Self.files, card: Self.card)
            try await server.add(
                "acme/refused", Self.files, findings: [Finding(rule: "x", effect: .refuse, message: "no")])
            func ids(_ query: String) async throws -> [String] {
                try await server.get("/api/models\(query)").json([Info].self).map(\.id)
            }
            #expect(try await ids("") == ["acme/Tiny-Med", "google/tiny", "google/tiny-b"])
            #expect(try await ids("?author=google&search=TINY-") == ["google/tiny-b"])
            #expect(
                try await ids("?filter=base_model%3Afinetune%3Agoogle%2Fgemma-3-1b-pt&sort=downloads")
                    == ["acme/Tiny-Med", "google/tiny"])
            #expect(try await ids("?filter=medical&filter=license:gemma&author=acme") == ["acme/Tiny-Med"])
            #expect(try await ids("?filter=medical,license:mit") == [])
            #expect(try await ids("?gated=true") == [])
            let first = try await server.get("/api/models?limit=2&full=true")
            #expect(try first.json([Info].self).first?.siblings?.isEmpty == false)
            let next = try #require(first.headers["link"]?.split(separator: ">").first)
            #expect(try await ids(String(next.drop { $0 != "?" })) == ["google/tiny-b"])
        }
    }

    @Test func whatIsNotServedIsRefusedWithItsReason() async throws {
        try await TestServer.run { server in
            try await server.add("google/tiny", Self.files)
            try await server.add(
                "google/bad", Self.files,
                findings: [Finding(rule: "licences", effect: .refuse, message: "licence 'é\r\nx' is not allowed")])
            try await server.add(
                "google/held", Self.files, findings: [Finding(rule: "approvals", effect: .hold, message: "0 of 1")])
            _ = try await server.registry.catalog.beginJob(mirroring: RepositoryID("google/new"), at: .main)
            let expected: [(String, Int, String, String)] = [
                (
                    "google/bad", 403, "RevisionNotFound",
                    "rule licences: licence '????x' is not allowed (questions: #models)"
                ),
                ("google/held", 403, "RevisionNotFound", "rule approvals: 0 of 1"),
                ("google/new", 503, "ModelPreparing", "is being prepared here"),
                ("google/none", 404, "RepoNotFound", "is not mirrored here"),
            ]
            for (repository, status, code, reason) in expected {
                for target in [
                    "/\(repository)/resolve/main/config.json", "/api/models/\(repository)",
                    "/api/models/\(repository)/revision/main", "/api/models/\(repository)/tree/main",
                    "/api/models/\(repository)/refs", "/api/models/\(repository)/auth-check",
                    "/\(repository)/raw/main/config.json",
                ] {
                    let answer = try await server.get(target)
                    #expect(answer.status == status, "\(target)")
                    #expect(answer.headers["x-error-code"] == code, "\(target)")
                    #expect(answer.headers["x-error-message"]?.contains(reason) == true, "\(target) \(answer.headers)")
                    #expect(answer.text.hasPrefix(#"{"error":""#))
                }
            }
            #expect(try await server.get("/api/models/google/new").headers["retry-after"] == "10")
            let revision = try await server.get("/google/tiny/resolve/v9/config.json")
            #expect(revision.headers["x-error-code"] == "RevisionNotFound")
            let entry = try await server.get("/google/tiny/resolve/main/pytorch_model.bin")
            #expect(entry.headers["x-error-code"] == "EntryNotFound")
            #expect(entry.headers["x-error-message"]?.contains("pickle") == true)
        }
    }

    @Test func tokensDecideWhoMayPull() async throws {
        try await TestServer.run(anonymousPulls: false) { server in
            try await server.add("google/tiny", Self.files)
            let path = "/google/tiny/resolve/main/config.json"
            let made = try await CreateToken(team: "payments", environment: .production, sector: "", useCase: "")
                .perform(in: server.registry) { _ in }
            let basic = Foundation.Data("user:\(made.token)".utf8).base64EncodedString()
            for header in ["Bearer \(made.token)", "bearer \(made.token)", "Basic \(basic)"] {
                #expect(try await server.get(path, ["Authorization: \(header)"]).status == 200)
            }
            for header in ["Bearer hf_wrong", "Bearer", "Bearer \(made.token) x", "Basic !!!", "Digest x", ""] {
                let answer = try await server.get(path, ["Authorization: \(header)"])
                #expect(answer.status == 401, "\(header)")
                #expect(answer.headers["x-error-code"] == "InvalidToken", "\(header)")
                #expect(answer.headers["x-error-message"] == "Invalid credentials in Authorization header")
            }
            let nobody = try await server.get(path)
            #expect(nobody.status == 401)
            #expect(nobody.headers["x-error-code"] == "TokenRequired")
            #expect(nobody.text.contains("lapidary token create"))
            let me = try await server.get("/api/whoami-v2", ["Authorization: Bearer \(made.token)"])
            #expect(me.text.contains(#""name":"payments""#))
            #expect(me.text.contains(#""orgs":[]"#))
            #expect(try await server.get("/api/whoami-v2").status == 401)
        }
    }

    @Test func whatClientsAskOnTheSideIsAnsweredCheaply() async throws {
        try await TestServer.run { server in
            let harnesses = try await server.get("/api/agent-harnesses")
            #expect(harnesses.status == 404)
            #expect(try await server.send("HEAD", "/api/telemetry/huggingface_hub/x").status == 404)
            #expect(try await server.get("/healthz").text.contains(#""status":"ok""#))
            #expect(try await server.send("DELETE", "/api/models/google/tiny").status == 405)
            #expect(try await server.send("POST", "/google/tiny/resolve/main/x").status == 405)
        }
    }
}
