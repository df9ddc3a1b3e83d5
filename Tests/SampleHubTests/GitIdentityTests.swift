import Foundation
import RegistryCore
import SampleHub
import Testing

@Suite struct GitIdentityTests {
    /// `git ls-tree -rt HEAD` and `git log -1 --format=%H` of git 2.39.5 for the same files, with the LFS pointer in
    /// place of model.safetensors, author and committer "Sample Hub <hub@sample.invalid>", dated 1767225600 +0000.
    private static let listed = """
        31a0c4d178239b64f50f747097d7965ebf897011 .gitattributes
        43dd47ea691c90a5fa7827892c70241913351963 a.txt
        bb8516ded1f6aee694d224147eb4d0d986b74809 model.safetensors
        682c957946b2922aabd34ded47cdd395e9d90a7e sub
        ea1f343c8a1248a4cc4eb47bc92953d0efddb510 sub-x
        af26a21d8f9d396d531003b4bcf3663abe3a57e1 sub.d
        1d19714ffbc272ba0da6eb419d66123c20527174 sub.d/c.txt
        fc3aad4f66ff17d44bf5a783715264f5e8484ce3 sub/dir
        64c5e5885a4b06010b3a0c20edb7900dd0311025 sub/dir/b.txt
        """
    private static let commit = "d1f603d0a7a3ce99b12355a5c1a18bc2f4203118"

    @Test func blobsTreesAndTheCommitHaveTheIdsThatGitGivesThem() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hub-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = [
            ".gitattributes": "*.safetensors filter=lfs\n", "a.txt": "one", "sub/dir/b.txt": "two",
            "sub.d/c.txt": "three", "sub-x": "four", "model.safetensors": "five",
        ]
        let repository = Dictionary(uniqueKeysWithValues: files.map { ("google/gemma-git/\($0)", Array($1.utf8)) })
        try HubFolder.write(repository, to: folder)
        try await SampleHub(folder: folder).whileRunning { endpoint in
            let hub = RawClient(endpoint)
            let tree = try await hub.get("/api/models/google/gemma-git/tree/main?recursive=true").list()
            let listed = tree.map { "\($0["oid"] as? String ?? "") \($0["path"] as? String ?? "")" }
            #expect(listed.joined(separator: "\n") == Self.listed)
            #expect(try await hub.get("/api/models/google/gemma-git").json()["sha"] as? String == Self.commit)
        }
    }
}
