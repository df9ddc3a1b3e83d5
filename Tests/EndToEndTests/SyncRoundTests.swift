import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// A round of sync among everything else that goes on.
@Suite(.serialized) struct SyncRoundTests {
    private static let model = "sample/gemma-3-tiny-it"
    private static let two = "[sample/gemma-3-tiny-it, sample/gemma-3-tiny-triage]"

    private func resolved(_ house: House, since start: Int = 0) -> [String] {
        house.hub.log.entries[start...].map(\.target).filter { $0.contains("/resolve/") }
    }

    @Test func oneThatFailsStopsNoOtherAndTheRoundSaysSo() async throws {
        let fault = Fault(.status(400), at: "gemma-3-tiny-it/revision/")
        try await QuickPolicy(repositories: Self.two).house(faults: [fault]) { house, _ in
            let run = try await house.lapidary("sync")
            #expect(run.status == 1, "\(run)")
            #expect(run.output.contains("2 looked at: 1 new, 1 failed"), "\(run.output)")
            #expect(run.output.contains("got 400 with none"), "\(run.output)")
            #expect(try await house.registry.servedModels().map(\.repository.name) == ["gemma-3-tiny-triage"])
            #expect(try await house.registry.catalog.attentions().isEmpty)
        }
    }

    @Test func aRateLimitFailsTheRoundAndIsNoWordOnTheRepositories() async throws {
        // Longer than anybody waits in front of a command.
        let fault = Fault(.rateLimit(seconds: 400), at: "/revision/", times: 1)
        try await QuickPolicy(repositories: Self.two).house(faults: [fault]) { house, _ in
            let run = try await house.lapidary("sync")
            #expect(run.status == 1 && run.output.contains("2 looked at: 2 failed"), "\(run)")
            #expect(run.output.contains("is limiting our rate; try again in 40"), "\(run.output)")
            #expect(try await house.registry.catalog.attentions().isEmpty)
        }
    }

    @Test func whereUpstreamIsAwayTheRoundEndsEarlyAndIsMadeAgain() async throws {
        let names = (0..<30).map { "nobody/model-\($0)" }.joined(separator: ", ")
        let fault = Fault(.rateLimit(seconds: 400), at: "/revision/")
        try await QuickPolicy(repositories: "[\(names)]").house(faults: [fault]) { house, _ in
            let run = try await house.lapidary("sync")
            #expect(run.status == 1, "\(run)")
            #expect(run.output.contains("not looked at, because upstream is away"), "\(run.output)")
            #expect(run.output.split(separator: "\n").count < 16, "\(run.output)")
            #expect(try await house.registry.catalog.lastSync() == nil)
        }
    }

    @Test func aFamilyThatCannotBeListedIsNoSilence() async throws {
        let filter = """
            licences: ["*"], weights: [safetensors, gguf], maximum-size: 1 GB, minimum-downloads: 0, limit: 10
            """
        let policy = QuickPolicy(
            bases: "[{ base: \(Self.model), relations: [finetune], \(filter) }]",
            authors: "[{ author: sample, names: [\"*-gguf\"], \(filter) }]")
        let fault = Fault(.status(400), at: "/api/models?", times: 2)
        try await policy.house(faults: [fault]) { house, _ in
            let run = try await house.lapidary("sync")
            #expect(run.status == 1 && run.output.contains("not listed: variants of \(Self.model): "), "\(run)")
            #expect(run.output.contains("2 looked at: 2 new; 1 could not be listed"), "\(run.output)")
            let again = try await house.lapidary("sync")
            #expect(again.status == 0 && again.output.contains("3 looked at: 2 unchanged, 1 new"), "\(again)")
        }
    }

    @Test func twoRoundsAndAMirrorAtOnceFetchEachFileOnce() async throws {
        try await QuickPolicy(repositories: Self.two).house { house, _ in
            async let first = house.lapidary("sync")
            async let second = house.lapidary("sync")
            async let mirrored = house.lapidary("mirror", Self.model)
            let statuses = try await [first.status, second.status, mirrored.status]
            #expect(statuses == [0, 0, 0])
            let files = resolved(house)
            #expect(Set(files).count == files.count, "\(files)")
        }
    }

    @Test func aServerSyncsByItselfAndARoundOfOneModelIsNoRound() async throws {
        try await QuickPolicy(everyHours: "1", repositories: Self.two).house { house, _ in
            try await eventually("both are served") { try await house.registry.servedModels().count == 2 }
            try await eventually("the round has ended") { try await house.registry.catalog.lastSync() != nil }
            let round = try await house.registry.catalog.lastSync()
            #expect(round?.summary == "2 looked at: 2 new")
            #expect(try await house.lapidary("sync", Self.model).status == 0)
            #expect(try await house.registry.catalog.lastSync() == round)
            // What brought nothing new is no news among the jobs.
            let rows = try await ListJobs().perform(in: house.registry) { _ in }
            #expect(rows.count == 2, "\(rows.map(\.message))")
        }
    }

    @Test func headsOfChangedWeightsAreReadBeforeAnyOfThemIsFetched() async throws {
        try await QuickPolicy().house { house, hub in
            let model = "sample/gemma-3-tiny-sharded"
            _ = try await house.mirror(model)
            let shards = try hub.files(model).filter { $0.hasSuffix(".safetensors") }.sorted()
            for shard in shards.prefix(2) { try hub.change("\(model)/\(shard)") { $0[$0.count - 1] ^= 1 } }
            try house.hub.reload()
            let start = house.hub.log.entries.count
            let run = try await house.lapidary("sync", model)
            #expect(
                run.errors.contains("\(shards[0]): tensors identical") || run.output.contains("weights changed"),
                "\(run)")
            let asked = house.hub.log.entries[start...].filter { $0.target.hasPrefix("/storage/") }
            // Two heads, then two files; the third shard is here.
            #expect(asked.count == 4, "\(asked.map { "\($0.target.prefix(30)) \($0.range ?? "-")" })")
            #expect(asked.prefix(2).allSatisfy { $0.range?.hasPrefix("bytes=0-") == true })
            #expect(Set(asked.prefix(2).map { $0.target.prefix(40) }).count == 2)
            #expect(!resolved(house, since: start).contains { $0.contains(shards[2]) })
        }
    }

    @Test func aDiskThatIsNotThereIsNotFilledAnew() async throws {
        try await QuickPolicy(repositories: Self.two).house { house, hub in
            #expect(try await house.lapidary("sync").status == 0)
            let blobs = "\(house.folder)/storage/blobs/sha256"
            try FileManager.default.moveItem(atPath: blobs, toPath: "\(blobs).away")
            try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
            let start = house.hub.log.entries.count
            let run = try await house.lapidary("sync")
            #expect(run.status == 1 && run.output.contains("is its disk mounted?"), "\(run)")
            #expect(resolved(house, since: start).isEmpty)
            #expect(try Folder.files(below: blobs).isEmpty)
            try FileManager.default.removeItem(atPath: blobs)
            try FileManager.default.moveItem(atPath: "\(blobs).away", toPath: blobs)
            #expect(try await house.lapidary("sync").status == 0)
            #expect(try await house.hf("download", Self.model).status == 0)
        }
    }
}
