import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import Testing

/// Every refusal, through the real server and the real client, each for its own reason; and what it leaves behind.
@Suite(.serialized) struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: String
        /// Words of the reason that the user must see.
        let words: String
        let exitCode: Int32
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "nan", rule: "smoke-test", words: "no-nan-or-inf", exitCode: 3),
        Case(name: "swapped", rule: "smoke-test", words: "mean-nll", exitCode: 3),
        Case(name: "torch", rule: "formats", words: "pytorch_model.bin (pickle)", exitCode: 3),
        Case(name: "corrupt", rule: "verification", words: "digest mismatch", exitCode: 4),
    ]

    @Test(arguments: cases) func aBadModelIsRefusedForItsOwnReasonAndLeavesNothingBehind(_ bad: Case) async throws {
        try await House.open { house in
            _ = try await house.mirror("sample/gemma-3-tiny-it")
            let before = try await house.contents()
            let repository = "sample/gemma-3-tiny-\(bad.name)"

            let mirrored = try await house.lapidary("mirror", repository)
            #expect(mirrored.status == bad.exitCode, "\(mirrored.output)\(mirrored.errors)")
            #expect(mirrored.output.contains(bad.words), "\(mirrored.output)")
            #expect(mirrored.output.contains("rule \(bad.rule)"))

            for version in ["2.4.0", "0.36.2"] {
                let pulled = try await house.hf("download", repository, version: version, cache: version)
                #expect(pulled.status != 0)
                #expect(pulled.errors.contains(bad.words), "the user of \(version) is not told why: \(pulled.errors)")
                let single = try await house.hf("download", repository, "config.json", version: version, cache: version)
                #expect(single.status != 0)
                #expect(single.errors.contains(bad.words), "\(single.errors)")
            }
            let head = try await house.curl("--head", "\(house.url)/\(repository)/resolve/main/config.json")
            #expect(head.output.hasPrefix("HTTP/1.1 403"))
            #expect(head.output.lowercased().contains("x-error-message:"))
            let info = try await house.curl("--include", "\(house.url)/api/models/\(repository)")
            #expect(info.output.hasPrefix("HTTP/1.1 403"))

            let after = try await house.contents()
            #expect(after.blobs == before.blobs)
            #expect(after.parts == [])
            #expect(after.served == before.served)
            #expect(after.quarantined.count == (bad.name == "corrupt" ? 1 : 0))
            let shown = try await ShowModel(repository: RepositoryID(repository), revision: nil)
                .perform(in: house.registry) { _ in }
            #expect(shown.summary.state == .refused)
            #expect(shown.decision?.reason?.rule == bad.rule)
        }
    }

    @Test func theFineTuneIsServedWithItsOwnLicenceAndItsClaimedBase() async throws {
        try await House.open { house in
            _ = try await house.mirror("sample/gemma-3-tiny-triage")
            let info = try await house.curl("\(house.url)/api/models/sample/gemma-3-tiny-triage")
            let model = try JSONSerialization.jsonObject(with: Data(info.output.utf8)) as? [String: Any]
            let tags = model?["tags"] as? [String] ?? []
            #expect(tags.contains("license:apache-2.0"))
            #expect(tags.contains("base_model:finetune:sample/gemma-3-tiny-it"))
            let listed = try await house.curl(
                "\(house.url)/api/models?filter=base_model%3Afinetune%3Asample%2Fgemma-3-tiny-it")
            #expect(listed.output.contains("sample/gemma-3-tiny-triage"))
        }
    }

    @Test func aRevokedModelIsNotServedAnyMoreAndItsConsumersAreNamed() async throws {
        try await House.open { house in
            let repository = "sample/gemma-3-tiny-it"
            _ = try await house.mirror(repository)
            let pulled = try await house.hf("download", repository)
            #expect(pulled.status == 0, "\(pulled.errors)")
            try await eventually("the pull recorded") { try await house.statistics(repository)?.pulls == 1 }

            let cache = "\(house.folder)/hf/hub"
            let scanned = try await house.lapidary("scan", cache, "--report", house.url, "--host", "gpu-7")
            #expect(scanned.status == 0, "\(scanned.errors)")
            #expect(scanned.output.contains("approved"))

            let revoked = try await house.lapidary("revoke", repository, "--reason", "licence withdrawn")
            #expect(revoked.status == 0, "\(revoked.errors)")
            #expect(revoked.output.contains("anonymous 127.0.0.1"))
            #expect(revoked.output.contains("gpu-7"))
            let refused = try await house.hf("download", repository, cache: "fresh")
            #expect(refused.status != 0)
            #expect(refused.errors.contains("licence withdrawn"), "\(refused.errors)")

            // A client that has it cached is told as well, instead of being content with its cache.
            for version in ["2.4.0", "0.36.2"] {
                let cached = try await house.hf("download", repository, version: version)
                #expect(cached.status != 0)
                #expect(cached.errors.contains("licence withdrawn"), "\(cached.errors)")
            }

            let inventory = try await house.lapidary("inventory")
            #expect(inventory.output.contains("revoked") && inventory.output.contains("gpu-7"))
            // Mirroring it again does not bring it back.
            let again = try await house.lapidary("mirror", repository)
            #expect(again.status == 3)
            #expect(again.output.contains("licence withdrawn"))
        }
    }

    @Test func bytesThatAnotherRepositoryHasAreNoProofThatThisOneHasThem() async throws {
        try await House.open { house in
            // tiny-corrupt announces the digest of tiny-it's weights, which are in the store by now.
            _ = try await house.mirror("sample/gemma-3-tiny-it")
            let answer = try await house.mirror("sample/gemma-3-tiny-corrupt")
            #expect(answer.state == .refused && answer.rule == "verification")
        }
    }

    @Test func aHostIsReportedByWhoFirstReportedIt() async throws {
        try await House.open { house in
            _ = try await house.mirror("sample/gemma-3-tiny-it")
            let token = try await house.lapidary("token", "create", "--team", "ops", "--environment", "production")
            let models = "\(House.hubFolder)/sample/gemma-3-tiny-it"
            let first = try await house.lapidary(
                "scan", models, "--report", house.url, "--host", "prod-1",
                environment: ["LAPIDARY_TOKEN": token.output.trimmingCharacters(in: .whitespacesAndNewlines)])
            #expect(first.status == 0, "\(first.errors)")
            let forged = try await house.curl(
                "--data", #"{"host":"prod-1","models":[]}"#, "\(house.url)/api/inventory")
            #expect(forged.output.contains("reported by another consumer"))
            #expect(try await house.registry.inventory().map { $0.goneAt == nil } == [true])
        }
    }

    @Test func aScanKnowsModelsByTheirBytesAndForgetsWhatIsGone() async throws {
        try await House.open { house in
            let repository = "sample/gemma-3-tiny-it"
            _ = try await house.mirror(repository)
            let models = "\(house.folder)/srv"
            let copy = "\(models)/renamed-by-somebody", strange = "\(models)/strange"
            try FileManager.default.createDirectory(atPath: strange, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: "\(House.hubFolder)/\(repository)", toPath: copy)
            try Data(repeating: 7, count: 1000).write(to: URL(fileURLWithPath: "\(strange)/model.safetensors"))
            _ = try await house.lapidary("scan", models, "--report", house.url, "--host", "laptop")
            let rows = try await house.registry.inventory()
            #expect(rows.map(\.state) == [.approved, .unknown])
            #expect(rows.first?.repository == repository)

            try FileManager.default.removeItem(atPath: copy)
            _ = try await house.lapidary("scan", models, "--report", house.url, "--host", "laptop")
            let later = try await house.registry.inventory()
            #expect(later.map { $0.goneAt != nil } == [true, false])
        }
    }
}

extension House {
    struct Contents: Equatable {
        let blobs: [String]
        let parts: [String]
        let quarantined: [String]
        let served: [String]
    }

    func contents() async throws -> Contents {
        let storage = "\(folder)/storage"
        return Contents(
            blobs: try Folder.files(below: "\(storage)/blobs"), parts: try Folder.files(below: "\(storage)/ingest"),
            quarantined: try Folder.files(below: "\(storage)/quarantine"),
            served: try await registry.servedModels().map(\.repository.description))
    }
}
