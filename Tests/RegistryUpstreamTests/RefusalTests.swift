import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// What upstream refuses, by name, and what the message tells the user to do.
@Suite struct RefusalTests {
    private static let settings = """
        {"google/gemma-gated": {"gated": "manual"}, "google/gemma-gated-for-ada": {"gated": "auto"},
         "google/gemma-gone": {"disabled": true}}
        """
    private static let more: [String: [UInt8]] = [
        "google/gemma-gated/config.json": TemporaryHub.config,
        "google/gemma-gated-for-ada/config.json": TemporaryHub.config,
        "google/gemma-gone/config.json": TemporaryHub.config,
    ]
    private static let known = TemporaryHub.account.token
    private static let unknown = Secret("hf_madeUpMadeUpMadeUpMadeUpMadeUpMadeUp")

    private func refusal(of repository: String, at revision: String = "main", token: Secret?) async throws -> String {
        try await TemporaryHub.running(settings: Self.settings, more: Self.more, token: token) { client, _ in
            let error = await failure {
                let commit = try await client.revision(Revision(revision), of: id(repository)).commit
                let files = try await client.tree(of: id(repository), at: commit)
                for file in files {
                    try await client.fetch(file, of: id(repository), at: commit, into: MemorySink(size: file.size))
                }
            }
            return error.map { "\($0)".replacing(client.endpoint, with: "HUB") } ?? "none"
        }
    }

    @Test func namesWhatIsUnknown() async throws {
        #expect(
            try await refusal(of: "google/gemma-0", token: nil)
                == "google/gemma-0 is unknown at HUB, or private; check the name, or set HF_TOKEN if it is private")
        #expect(
            try await refusal(of: "google/gemma-0", token: Self.known)
                == "google/gemma-0 is unknown at HUB, or hidden from this HF_TOKEN; "
                + "check the name and the token's rights")
        #expect(
            try await refusal(of: TemporaryHub.repository, at: "refs/pr/1", token: nil)
                == "google/gemma-tiny has no revision 'refs/pr/1' at HUB; leave the revision out for main")
    }

    @Test func namesThePageWhereAGatedLicenceIsAccepted() async throws {
        #expect(
            try await refusal(of: "google/gemma-gated", token: nil)
                == "google/gemma-gated is gated: accept its licence at HUB/google/gemma-gated, "
                + "then set HF_TOKEN to a token of that account")
        #expect(
            try await refusal(of: "google/gemma-gated", token: Self.known)
                == "google/gemma-gated is gated and this HF_TOKEN has no access: "
                + "accept its licence at HUB/google/gemma-gated and try again")
        #expect(try await refusal(of: "google/gemma-gated-for-ada", token: Self.known) == "none")
    }

    @Test func namesDisabledRepositoriesAndBadTokens() async throws {
        #expect(
            try await refusal(of: "google/gemma-gone", token: nil)
                == "google/gemma-gone has been disabled at HUB; nothing can be fetched from it")
        #expect(
            try await refusal(of: TemporaryHub.repository, token: Self.unknown)
                == "HUB refused access (Invalid credentials in Authorization header); "
                + "set HF_TOKEN to a valid token that may read it")
    }

    @Test func aFileThatIsGoneIsAnEntryNotFound() async throws {
        try await TemporaryHub.running { client, _ in
            let (commit, file) = try await client.file("config.json")
            let gone = UpstreamFile(
                path: try RepositoryPath("gone.json"), size: file.size, gitObject: file.gitObject, lfsDigest: nil)
            await #expect(throws: UpstreamError.entryNotFound("gone.json", tiny, endpoint: client.endpoint)) {
                try await client.fetch(gone, of: tiny, at: commit, into: MemorySink())
            }
        }
    }

    @Test(arguments: [
        ("ftp://hub", "only http and https are spoken"), ("huggingface.co", "expected e.g. https://huggingface.co"),
        ("https://", "expected e.g."), ("https://ada:secret@hub", "expected e.g."), ("", "expected e.g."),
        ("https://hub/?a=b", "leave out what follows ? or #"), ("https://hub\r\nX: y", "blank or control character"),
    ])
    func anEndpointThatIsNoneIsRefusedWithAReason(text: String, reason: String) {
        let error = #expect(throws: UpstreamError.self) { try HubClient(endpoint: text) }
        #expect(error?.description.contains(reason) == true)
        #expect(error?.description.contains("\r") == false)
    }

    @Test func aTokenThatNoHeaderMayHoldIsRefusedWithoutBeingShown() {
        let error = #expect(throws: UpstreamError.self) {
            try HubClient(endpoint: "https://hub", token: Secret("hf_x\r\nCookie: y"))
        }
        #expect(
            error?.description == "upstream 'https://hub' cannot be used: "
                + "the token is empty or holds a character that no header may hold")
    }
}
