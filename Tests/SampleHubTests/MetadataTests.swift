import Foundation
import RegistryCore
import SampleHub
import Testing

@Suite struct MetadataTests {
    private static let zeros = String(repeating: "0", count: 64)

    @Test func aModelIsDescribedAsClientsReadIt() async throws {
        try await HubFolder.running { hub in
            let answer = try await hub.get("/api/models/google/gemma-tiny?blobs=True")
            let model = try answer.json()
            #expect(model["id"] as? String == "google/gemma-tiny")
            #expect((model["sha"] as? String)?.count == 40)
            #expect(model["createdAt"] as? String == "2026-03-02T09:00:00.000Z")
            #expect(answer.text.contains(#""gated":false"#))
            #expect(
                model["tags"] as? [String]
                    == ["safetensors", "gemma3_text", "text-generation", "en", "license:gemma", "region:us"])
            #expect((model["cardData"] as? [String: Any])?["license"] as? String == "gemma")
            #expect((model["config"] as? [String: Any])?.keys.sorted() == ["model_type"])
            let siblings = model["siblings"] as? [[String: Any]] ?? []
            let weights = siblings.first { $0["rfilename"] as? String == "model.safetensors" }
            let lfs = weights?["lfs"] as? [String: Any]
            #expect(lfs?["sha256"] as? String == HubFolder.weightsDigest)
            #expect(lfs?["pointerSize"] as? Int == 127)

            let commit = model["sha"] as? String ?? ""
            for revision in [commit, String(commit.prefix(7)), "main", "refs%2Fheads%2Fmain"] {
                let same = try await hub.get("/api/models/google/gemma-tiny/revision/\(revision)").json()
                #expect(same["sha"] as? String == commit)
                #expect((same["siblings"] as? [[String: Any]])?.first?["size"] == nil)
            }
            let plain = try await hub.get("/api/models/google/gemma-tiny?blobs=false&expand=sha&expand[]=likes").json()
            #expect(plain.keys.sorted() == ["_id", "id", "likes", "sha"])
            #expect(try await hub.get("/api/models/google/gemma-tiny?expand=nonsense").status == 400)
        }
    }

    @Test func aTreeListsFilesAndDirectoriesAndPagesByAbsoluteLinks() async throws {
        try await HubFolder.running(pageSize: 3) { hub in
            let all = ".gitattributes README.md config.json empty.txt model.safetensors sub sub/dir sub/dir/é x.txt"
            var target: String? = "/api/models/google/gemma-tiny/tree/main?recursive=true&expand=false"
            var paths: [String] = []
            var pages = 0
            while let current = target {
                let page = try await hub.get(current)
                paths += try page.list().compactMap { $0["path"] as? String }
                pages += 1
                let prefix = "<http://127.0.0.1:\(hub.port)"
                #expect(page["link"]?.hasPrefix(prefix) ?? true)
                target = page["link"].map { String($0.dropFirst(prefix.count).prefix { $0 != ">" }) }
            }
            #expect(paths.joined(separator: " ") == all)
            #expect(pages == 3)

            let root = "/api/models/google/gemma-tiny/tree/main"
            let top = try await hub.get("\(root)?recursive=False&cursor=nonsense").list()
            #expect(top.count == 3)
            let below = try await hub.get("/api/models/google/gemma-tiny/tree/main/sub%2Fdir?expand=true").list()
            #expect(below.first?["path"] as? String == "sub/dir/é x.txt")
            #expect((below.first?["lastCommit"] as? [String: Any])?["id"] is String)
        }
    }

    @Test func modelsAreFilteredByLineageSortedAndPaged() async throws {
        try await HubFolder.running { hub in
            func ids(_ query: String) async throws -> [String] {
                try await hub.get("/api/models?\(query)").list().compactMap { $0["id"] as? String }
            }
            #expect(try await ids("filter=base_model%3Agoogle%2Fgemma-tiny") == ["google/gemma-child"])
            let finetunes = "filter=base_model%3Afinetune%3Agoogle%2Fgemma-tiny"
            #expect(try await ids("\(finetunes)&filter=license:mit") == ["google/gemma-child"])
            #expect(try await ids("filter=license:mit&filter=license:gemma") == [])
            #expect(try await ids("search=GEMMA-T&author=google") == ["google/gemma-tiny"])
            #expect(try await ids("author=nobody") == [])
            #expect(try await ids("gated=true") == ["google/gemma-gated", "google/gemma-granted"])
            #expect(try await ids("sort=downloads&limit=2") == ["google/gemma-child", "google/gemma-tiny"])
            let page = try await hub.get("/api/models?sort=downloads&limit=2")
            #expect(page["link"]?.contains("cursor=") == true)
            #expect(try page.list().first?["author"] == nil)
            #expect(try await hub.get("/api/models?full=true").list().first?["author"] as? String == "google")
        }
    }

    @Test func referencesAndWhoAnswerWhatClientsInsistOn() async throws {
        try await HubFolder.running { hub in
            let references = try await hub.get("/api/models/google/gemma-tiny/refs?include_prs=1").json()
            #expect(references.keys.sorted() == ["branches", "converts", "pullRequests", "tags"])
            let who = try await hub.get("/api/whoami-v2", [HubFolder.bearer]).json()
            #expect(who["name"] as? String == "ada")
            #expect(who["orgs"] is [Any])
        }
    }

    @Test func anotherSpellingIsSentToTheRightOne() async throws {
        try await HubFolder.running { hub in
            let answer = try await hub.get("/api/models/Google/Gemma-Tiny/tree/main?recursive=true")
            #expect(answer.status == 307)
            #expect(answer["location"] == "/api/models/google/gemma-tiny/tree/main?recursive=true")
            let file = try await hub.get("/GOOGLE/gemma-tiny/resolve/main/config.json")
            #expect(file["location"] == "/google/gemma-tiny/resolve/main/config.json")
        }
    }

    @Test(arguments: [
        (["hub.json": "{\"google/none\": {}}"], "names google/none, but there is no folder of that name"),
        (["hub.json": "[]"], "is not a map of repositories"),
        (["google/a--b/x": ""], "'--' and '..' are not allowed"),
        (["hub.json": #"{"a/b": {"announced": {"x": {"sha256": "\#(zeros)"}}}}"#, "a/b/x": ""], "which is not in LFS"),
        (["hub.json": #"{"a/b": {"created": "yesterday"}}"#, "a/b/x": ""], "'yesterday' of a/b is no such moment"),
    ])
    func aFolderThatCannotBeServedIsRefusedWithAReason(files: [String: String], reason: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try HubFolder.write(files.mapValues { Array($0.utf8) }, to: folder)
        let error = #expect(throws: (any Error).self) { try SampleHub(folder: folder) }
        #expect(error.map { "\($0)" }?.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func aFolderThatIsNotThereIsRefused() {
        let error = #expect(throws: SampleHubError.self) { try SampleHub(folder: "/nonexistent/hub") }
        #expect(
            error?.description
                == "sample hub folder /nonexistent/hub cannot be read; expected namespace/name folders in it")
    }
}
