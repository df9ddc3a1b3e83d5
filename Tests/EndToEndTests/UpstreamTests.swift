import Foundation
import RegistryCore
import SampleHub
import Testing

/// What upstream may do to a mirror, seen from the command line.
@Suite(.serialized) struct UpstreamTests {
    private static let repository = "sample/gemma-3-tiny-it"
    private static let insider = "hf_" + String(repeating: "a", count: 40)
    private static let outsider = "hf_" + String(repeating: "b", count: 40)

    @Test func aGatedModelNeedsATokenThatAcceptedItsLicence() async throws {
        let hub = try Folder.hub(settings: #"{"sample/gemma-3-tiny-it": {"gated": "manual"}}"#, Self.repository)
        defer { try? FileManager.default.removeItem(atPath: hub) }
        let accounts = [
            Account(name: "in", token: Secret(Self.insider), granted: [try RepositoryID(Self.repository)]),
            Account(name: "out", token: Secret(Self.outsider)),
        ]
        try await ClosedHouse.open(hub: hub, accounts: accounts) { house in
            for token in [nil, Self.outsider] {
                let refused = try await house.lapidary(
                    ["mirror", Self.repository], environment: token.map { ["HF_TOKEN": $0] } ?? [:])
                #expect(refused.status == 1)
                #expect(refused.errors.contains("is gated") && refused.errors.contains("accept its licence at"))
                #expect(!refused.errors.contains(Self.outsider))
                #expect(try house.blobs() == [])
            }
            let served = try await house.lapidary(
                ["mirror", Self.repository], environment: ["HF_TOKEN": Self.insider])
            #expect(served.status == 0, "\(served.errors)")
        }
    }

    @Test func theTokenMayComeFromAFileOrTheConfiguration() async throws {
        let hub = try Folder.hub(settings: #"{"sample/gemma-3-tiny-it": {"gated": "auto"}}"#, Self.repository)
        defer { try? FileManager.default.removeItem(atPath: hub) }
        let account = Account(name: "in", token: Secret(Self.insider), granted: [try RepositoryID(Self.repository)])
        let expired = Fault(
            .status(401, header: "X-Error-Message: User Access Token \"sync\" is expired"), at: "/revision/expired")
        try await ClosedHouse.open(hub: hub, accounts: [account], faults: [expired]) { house in
            try await Network.withFile("\(Self.insider)\n") { token in
                try await Network.withFile("token-file: \(token)\n") { configuration in
                    func plan(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Run {
                        try await house.lapidary(["mirror", Self.repository] + arguments, environment: environment)
                    }
                    // HF_TOKEN goes before the file.
                    let wrong = try await plan("--token-file", token, environment: ["HF_TOKEN": Self.outsider])
                    #expect(wrong.status == 1 && wrong.errors.contains("refused access"), "\(wrong.errors)")
                    #expect(wrong.errors.contains("set HF_TOKEN to a valid token"))
                    #expect(!wrong.errors.contains(Self.outsider))
                    let served = try await plan("--config", configuration)
                    #expect(served.status == 0, "\(served.errors)")
                    let late = try await house.lapidary(
                        ["mirror", "\(Self.repository)@expired"], environment: ["LAPIDARY_TOKEN_FILE": token])
                    #expect(late.status == 1 && late.errors.contains("is expired"), "\(late.errors)")
                    #expect(late.errors.contains("set HF_TOKEN to a valid token"))
                }
            }
            let missing = try await house.lapidary(["list"], environment: ["LAPIDARY_TOKEN_FILE": "/nonexistent"])
            #expect(missing.status == 2 && missing.errors.contains("token file /nonexistent cannot be read"))
        }
    }

    @Test func aDisabledModelIsNamedAsSuch() async throws {
        let hub = try Folder.hub(settings: #"{"sample/gemma-3-tiny-it": {"disabled": true}}"#, Self.repository)
        defer { try? FileManager.default.removeItem(atPath: hub) }
        try await ClosedHouse.open(hub: hub) { house in
            let run = try await house.lapidary(["mirror", Self.repository])
            #expect(run.status == 1 && run.errors.contains("disabled"), "\(run.errors)")
        }
    }

    @Test func aTransferThatIsCutGoesOnWhereItStopped() async throws {
        // Storage names files by their digest; this is the weights'.
        let cut = Fault(.cut(after: 200_000), at: "/storage/845569548d655d8f", times: 1)
        try await ClosedHouse.open(faults: [cut]) { house in
            let run = try await house.lapidary(["mirror", Self.repository])
            #expect(run.status == 0, "\(run.errors)")
            let resumed = house.hub.log.entries.compactMap(\.range)
            #expect(resumed.contains { $0.hasPrefix("bytes=") && $0 != "bytes=0-" }, "\(resumed)")
        }
    }
}
