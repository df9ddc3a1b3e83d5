import Foundation
import RegistryCore
import SampleHub
import Testing

/// `/{repo}/resolve/…` and where it leads, as hub-protocol 2.2 has it of huggingface.co.
@Suite struct ResolveTests {
    private func commit(_ hub: RawClient, of repository: String = "google/gemma-tiny") async throws -> String {
        try await hub.get("/api/models/\(repository)").json()["sha"] as? String ?? ""
    }

    @Test(arguments: ["GET", "HEAD"])
    func anOrdinaryFileIsBehindARelative307(method: String) async throws {
        try await HubFolder.running { hub in
            let commit = try await commit(hub)
            let answer = try await hub.send(method, "/google/gemma-tiny/resolve/main/sub/dir/%C3%A9%20x.txt")
            #expect(answer.status == 307)
            #expect(answer["x-repo-commit"] == commit)
            #expect(answer["x-linked-etag"] == nil)
            #expect(answer["ratelimit"]?.hasPrefix("\"resolvers\";r=") == true)
            let location = answer["location"] ?? ""
            let etag = ContentDigests.gitObject(of: Array("notes".utf8)).hex
            #expect(location.hasPrefix("/api/resolve-cache/models/google/gemma-tiny/\(commit)/sub/dir/%C3%A9%20x.txt?"))
            #expect(location.hasSuffix("=&etag=%22\(etag)%22"))

            let file = try await hub.send(method, location)
            #expect(file.status == 200)
            #expect(file["x-repo-commit"] == commit)
            #expect(file["etag"] == "\"\(etag)\"")
            #expect(file["content-length"] == "5")
            #expect(file.text == (method == "GET" ? "notes" : ""))
        }
    }

    @Test func aFileInLFSIsOnAnotherHostNameBehindA302() async throws {
        try await HubFolder.running { hub in
            let answer = try await hub.head("/google/gemma-tiny/resolve/main/model.safetensors")
            #expect(answer.status == 302)
            #expect(answer["x-repo-commit"] == (try await commit(hub)))
            #expect(answer["x-linked-etag"] == "\"\(HubFolder.weightsDigest)\"")
            #expect(answer["x-linked-size"] == String(HubFolder.weights.count))
            let location = answer["location"] ?? ""
            #expect(location.hasPrefix("http://localhost:\(hub.port)/storage/"))

            let target = String(location.dropFirst("http://localhost:\(hub.port)".count))
            let file = try await hub.get(target)
            #expect(file.status == 200)
            #expect(file.body == HubFolder.weights)
            #expect(file["x-repo-commit"] == nil)
            #expect(file["x-linked-etag"] == nil)
            #expect(file["etag"]?.contains(HubFolder.weightsDigest) == false)
            // Two credentials are one too many for an object store.
            #expect(try await hub.get(target, [HubFolder.bearer]).status == 400)
            // An address opens its own file, and only with its signature.
            #expect(try await hub.get("/storage/\(HubFolder.weightsDigest)?Signature=0").status == 403)
            #expect(try await hub.get(target.replacing("/storage/", with: "/storage/x")).status == 403)

            var other = hub
            other.host = "localhost"
            let back = try await other.head("/google/gemma-tiny/resolve/main/model.safetensors")
            #expect(back["location"]?.hasPrefix("http://127.0.0.1:\(hub.port)/storage/") == true)
        }
    }

    @Test func anAddressOfStorageRunsOut() async throws {
        try await HubFolder.running(signatureLifetime: 0) { hub in
            let location = try await hub.get("/google/gemma-tiny/resolve/main/model.safetensors")["location"] ?? ""
            let answer = try await hub.get(String(location.dropFirst("http://localhost:\(hub.port)".count)))
            #expect(answer.status == 403)
            #expect(answer.text.contains("Request has expired"))
        }
    }

    @Test(arguments: [
        ("bytes=0-0", 206, "bytes 0-0/23", "t"), ("bytes=6-", 206, "bytes 6-22/23", "stand for weights"),
        ("bytes=-7", 206, "bytes 16-22/23", "weights"), ("bytes=6-10", 206, "bytes 6-10/23", "stand"),
        ("bytes=20-99", 206, "bytes 20-22/23", "hts"), ("bytes=23-", 416, "bytes */23", ""),
        ("bytes=-0", 416, "bytes */23", ""), ("bytes=5-1", 200, nil, "these stand for weights"),
        ("bytes=0-1,3-4", 200, nil, "these stand for weights"), ("items=0-1", 200, nil, "these stand for weights"),
        ("bytes=99999999999999999999-", 200, nil, "these stand for weights"),
    ])
    func storageAnswersSingleRanges(range: String, status: Int, contentRange: String?, body: String) async throws {
        try await HubFolder.running { hub in
            let location = try await hub.get("/google/gemma-tiny/resolve/main/model.safetensors")["location"] ?? ""
            let target = String(location.dropFirst("http://localhost:\(hub.port)".count))
            let answer = try await hub.get(target, ["Range: \(range)"])
            #expect(answer.status == status)
            #expect(answer["content-range"] == contentRange)
            #expect(answer["accept-ranges"] == "bytes")
            #expect(answer.text == body)
            // A range on HEAD is ignored (RFC 9110, 14.2).
            let head = try await hub.head(target, ["Range: \(range)"])
            #expect(head.status == 200)
            #expect(head["content-length"] == "23")
        }
    }

    @Test func aDamagedRepositoryAnnouncesAnotherHashEverywhere() async throws {
        try await HubFolder.running { hub in
            let answer = try await hub.head("/google/gemma-damaged/resolve/main/model.safetensors")
            #expect(answer["x-linked-etag"] == "\"\(HubFolder.announced)\"")
            let tree = try await hub.get("/api/models/google/gemma-damaged/tree/main").list()
            let file = tree.first { $0["path"] as? String == "model.safetensors" }
            #expect((file?["lfs"] as? [String: Any])?["oid"] as? String == HubFolder.announced)
        }
    }

    @Test func aKnownEtagIsAnsweredWithoutTheWay() async throws {
        try await HubFolder.running { hub in
            let etag = "If-None-Match: \"\(HubFolder.weightsDigest)\""
            let answer = try await hub.get("/google/gemma-tiny/resolve/main/model.safetensors", [etag])
            #expect(answer.status == 304)
            #expect(answer["x-repo-commit"] == (try await commit(hub)))
        }
    }
}
