import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// What may be kept is a bound, not a wish.
@Suite(.serialized) struct QuotaTests {
    private func files(_ house: House) -> [String] {
        house.hub.log.entries.map(\.target).filter { $0.contains("/resolve/") }
    }

    @Test(arguments: ["the whole store", "namespace sam*"])
    func aMirrorThatWouldPassAQuotaIsRefusedBeforeItBegins(bound: String) async throws {
        var policy = QuickPolicy()
        if bound == "the whole store" {
            policy.total = "600 KB"
        } else {
            policy.namespaces = "[{ match: \"sam*\", size: 600 KB }]"
        }
        try await policy.house { house, _ in
            #expect(try await house.mirror("sample/gemma-3-tiny-it").state == .served)
            let before = files(house)
            let refused = try await house.lapidary("mirror", "sample/gemma-3-tiny-triage")
            #expect(refused.status == 3, "\(refused)")
            for words in [
                "rule quota: sample/gemma-3-tiny-triage needs", "allowed for \(bound)", "nothing was fetched",
                "'lapidary gc --dry-run'",
            ] {
                #expect(refused.errors.contains(words), "\(refused.errors)")
            }
            #expect(files(house) == before)
            let copy = "\(house.folder)/copy"
            try FileManager.default.copyItem(atPath: "\(House.hubFolder)/sample/gemma-3-tiny-gguf", toPath: copy)
            let imported = try await house.lapidary("import", copy, "--as", "sample/gemma-3-tiny-gguf", "--offline")
            #expect(imported.status == 1 && imported.output.contains("rule quota"), "\(imported)")
            #expect(try Folder.files(below: "\(house.folder)/storage/ingest").isEmpty)
            let storage = try await house.lapidary("storage")
            #expect(storage.output.contains("600.0 KB") || storage.output.contains("585.9 KiB"), "\(storage.output)")
            let jobs = try await house.lapidary("jobs", "sample/gemma-3-tiny-triage")
            #expect(jobs.output.contains("failed") && jobs.output.contains("rule quota"), "\(jobs.output)")
        }
    }

    @Test func twoAtOnceCannotBothHaveTheLastRoom() async throws {
        // Neither has brought its bytes in when the other asks.
        let slow = Fault(.silence(.milliseconds(500)), at: "/storage/", times: 4)
        try await QuickPolicy(total: "700 KB").house(faults: [slow]) { house, _ in
            let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
                for model in ["sample/gemma-3-tiny-it", "sample/gemma-3-tiny-triage"] {
                    group.addTask {
                        do { return try await house.mirror(model).state.rawValue } catch let error as QuotaRefusal {
                            return "\(error)"
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == "served" } == 1, "\(outcomes)")
            #expect(outcomes.contains { $0.contains("set aside by fetches under way") }, "\(outcomes)")
            #expect(try await house.registry.catalog.usage().total <= 700_000)
        }
    }
}
