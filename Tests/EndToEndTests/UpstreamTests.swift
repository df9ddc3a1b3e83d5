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
