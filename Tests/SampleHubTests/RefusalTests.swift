import SampleHub
import Testing

/// Refusals as hub-protocol section 5 has them of huggingface.co.
@Suite struct RefusalTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let target: String
        var headers: [String] = []
        let status: Int
        let code: String?
        let message: String
        var testDescription: String { "\(target) \(status)" }
    }

    @Test(arguments: [
        Refusal(target: "/api/models/google/nothing", status: 401, code: nil, message: "Invalid username or password."),
        Refusal(
            target: "/google/nothing/resolve/main/config.json", headers: [HubFolder.bearer], status: 404,
            code: "RepoNotFound", message: "Repository not found"),
        Refusal(
            target: "/api/models/google/gemma-tiny/revision/refs%2Fpr%2F1", status: 404, code: "RevisionNotFound",
            message: "Invalid rev id: refs/pr/1"),
        Refusal(
            target: "/google/gemma-tiny/resolve/dev/config.json", status: 404, code: "RevisionNotFound",
            message: "Invalid rev id: dev"),
        Refusal(
            target: "/google/gemma-tiny/resolve/main/nothing.json", status: 404, code: "EntryNotFound",
            message: "Entry not found"),
        Refusal(
            target: "/google/gemma-tiny/resolve/main/..%2F..%2Fhub.json", status: 404, code: "EntryNotFound",
            message: "Entry not found"),
        Refusal(
            target: "/google/gemma-gated/resolve/main/config.json", status: 401, code: "GatedRepo",
            message: "Access to model google/gemma-gated is restricted."),
        Refusal(
            target: "/google/gemma-gated/resolve/main/config.json", headers: [HubFolder.bearer], status: 403,
            code: "GatedRepo", message: "Access to model google/gemma-gated is restricted and you are not in"),
        Refusal(
            target: "/api/models/google/gemma-gone", status: 403, code: nil,
            message: "Access to this resource is disabled."),
        Refusal(
            target: "/google/gemma-gone/resolve/main/config.json", status: 403, code: nil,
            message: "Access to this resource is disabled."),
        Refusal(
            target: "/api/models/google/gemma-tiny", headers: ["Authorization: Bearer hf_wrong"], status: 401,
            code: nil, message: "Invalid credentials in Authorization header"),
        Refusal(target: "/api/whoami-v2", status: 401, code: nil, message: "Invalid user token"),
        Refusal(
            target: "/api/models/google/gemma-tiny/tree/main/additional_chat_templates", status: 404,
            code: "EntryNotFound", message: "additional_chat_templates does not exist on \"main\""),
        Refusal(target: "/api/agent-harnesses", status: 404, code: nil, message: "Sorry, we can't find the page"),
    ])
    func haveTheHubsStatusCodeAndMessage(_ refusal: Refusal) async throws {
        try await HubFolder.running { hub in
            let answer = try await hub.get(refusal.target, refusal.headers)
            #expect(answer.status == refusal.status)
            #expect(answer["x-error-code"] == refusal.code)
            #expect(answer["x-error-message"]?.hasPrefix(refusal.message) == true)
            #expect(try answer.json()["error"] as? String == answer["x-error-message"])
            #expect((answer["x-repo-commit"] != nil) == (refusal.code == "EntryNotFound"))
        }
    }

    @Test func metadataOfAGatedRepositoryIsPublicAndItsFilesOpenToTheGranted() async throws {
        try await HubFolder.running { hub in
            let info = try await hub.get("/api/models/google/gemma-gated")
            #expect(info.text.contains(#""gated":"manual""#))
            #expect(try await hub.get("/api/models/google/gemma-gated/tree/main").status == 200)
            let granted = "/google/gemma-granted/resolve/main/config.json"
            #expect(try await hub.get(granted, [HubFolder.bearer]).status == 307)
            #expect(try await hub.get(granted).status == 401)
        }
    }
}
