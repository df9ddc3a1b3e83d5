import Foundation
import RegistryCore
import RegistryUpstream
import SampleHub
import Testing

/// The upstream token is for the configured origin and for nobody else (reliability C1).
@Suite struct TokenTests {
    @Test func onlyTheConfiguredOriginSeesTheToken() async throws {
        try await TemporaryHub.running(token: TemporaryHub.account.token) { client, log in
            let (commit, file) = try await client.file("model.safetensors")
            try await client.fetch(file, of: tiny, at: commit, into: MemorySink())
            let (commit2, ordinary) = try await client.file("config.json")
            try await client.fetch(ordinary, of: tiny, at: commit2, into: MemorySink(size: ordinary.size))

            let home = client.endpoint.dropFirst("http://".utf8.count)
            for entry in log.entries { #expect((entry.authorization != nil) == (entry.host == home), "\(entry)") }
            #expect(log.entries.contains { $0.host.hasPrefix("localhost:") })
            // A redirect within the origin keeps it: gated files would be lost otherwise.
            #expect(log.entries.contains { $0.target.contains("/resolve-cache/") && $0.authorization != nil })
        }
    }

    @Test func anotherPortOfTheSameHostIsAnotherOrigin() async throws {
        let canaryFolder = try TemporaryHub()
        defer { try? FileManager.default.removeItem(atPath: canaryFolder.folder) }
        let canary = try SampleHub(folder: canaryFolder.folder)
        try await canary.whileRunning { canaryEndpoint in
            let fault = Fault(.redirect(to: "\(canaryEndpoint)/steal"), at: "/resolve/")
            try await TemporaryHub.running(faults: [fault], token: TemporaryHub.account.token) { client, _ in
                let (commit, file) = try await client.file("model.safetensors")
                let error = await failure { try await client.fetch(file, of: tiny, at: commit, into: MemorySink()) }
                #expect(error is UpstreamError)
            }
        }
        #expect(canary.log.entries.map(\.target) == ["/steal"])
        #expect(canary.log.entries.allSatisfy { $0.authorization == nil })
    }

    @Test func whatFilesShouldBeIsBelievedOfTheConfiguredOriginOnly() async throws {
        let elsewhere = try TemporaryHub()
        defer { try? FileManager.default.removeItem(atPath: elsewhere.folder) }
        try await SampleHub(folder: elsewhere.folder).whileRunning { endpoint in
            let target = "/api/models/\(tiny)/revision/main"
            let fault = Fault(.redirect(to: endpoint + target), at: target)
            try await TemporaryHub.running(faults: [fault]) { client, _ in
                await #expect(
                    throws: UpstreamError.protocolViolation(
                        "answer", expected: "one from \(client.endpoint)", got: endpoint + target)
                ) {
                    try await client.revision(.main, of: tiny)
                }
            }
        }
    }

    @Test func theTokenIsInNoMessage() async throws {
        try await TemporaryHub.running(
            faults: [Fault(.status(503))], token: TemporaryHub.account.token
        ) { client, _ in
            let error = await failure { try await client.revision(.main, of: tiny) }
            #expect(error as? UpstreamError == .serverTrouble(endpoint: client.endpoint, status: 503))
            #expect(!"\(String(reflecting: client))".contains(TemporaryHub.account.token.reveal()))
        }
    }
}
