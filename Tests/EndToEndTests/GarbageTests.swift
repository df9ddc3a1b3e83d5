import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import Testing

/// What nothing names goes, and nothing else.
@Suite(.serialized) struct GarbageTests {
    private static let model = "sample/gemma-3-tiny-it"
    private static let card = "sample/gemma-3-tiny-it/README.md"

    /// Mirrors what the hub has now, after a line more in its card.
    private func next(_ line: String, _ house: House, _ hub: ChangingHub) async throws -> Mirror.Answer {
        try hub.append("\n\(line)\n", to: Self.card)
        try house.hub.reload()
        return try await house.mirror(Self.model)
    }

    @Test func theDryRunListsWhatGoesWithItsBytesAndTheTrashGivesItBack() async throws {
        try await QuickPolicy(keep: "1").house { house, hub in
            let first = try await house.mirror(Self.model)
            let size = Int64(try Data(contentsOf: URL(fileURLWithPath: "\(hub.folder)/\(Self.card)")).count)
            #expect(try await house.lapidary("gc", "--dry-run").output == "no garbage\n")
            #expect(try await next("more", house, hub).state == .served)

            let plan = try await house.lapidary("gc", "--dry-run", "--grace", "0")
            #expect(plan.status == 0 && plan.output.contains("\(Self.model)@\(first.commit.short)"), "\(plan)")
            #expect(plan.output.contains("by retention: keep: 1"), "\(plan.output)")
            #expect(plan.output.contains("\(Quantity.bytes(size)) would go now; nothing was changed"), "\(plan.output)")
            #expect(try await house.registry.catalog.snapshots().allSatisfy { $0.expiry == nil })

            // Within the grace period nothing moves, and what is wanted again is there as it was.
            let early = try await house.lapidary("gc")
            #expect(early.output.contains("0 B let go of; \(Quantity.bytes(size)) more later"), "\(early.output)")
            let gone = try await house.lapidary("gc", "--grace", "0")
            #expect(gone.output.contains("\(Quantity.bytes(size)) let go of"), "\(gone.output)")
            #expect(try Folder.files(below: "\(house.folder)/storage/trash").count == 1)
            #expect(try await house.hf("download", Self.model).status == 0)
            let shown = try await house.lapidary("show", Self.model)
            #expect(shown.output.contains("expired"), "\(shown.output)")

            // Upstream is as it was before; nothing has to be fetched for that.
            try hub.change(Self.card) { $0 = Array($0.prefix(Int(size))) }
            try house.hub.reload()
            let start = house.hub.log.entries.count
            let back = try await house.lapidary("mirror", Self.model)
            #expect(back.status == 0 && back.errors.contains("back from the trash: README.md"), "\(back)")
            #expect(!house.hub.log.entries[start...].contains { $0.target.contains("/resolve/") })
            #expect(try Folder.files(below: "\(house.folder)/storage/trash").isEmpty)
            #expect(try await house.registry.catalog.snapshot(RepositoryID(Self.model), .main)?.commit == first.commit)
            #expect(try await house.lapidary("scrub").output.contains("all are right"))
        }
    }

    @Test func whatWasLetGoOfAndStillLiesThereIsTakenAsItIs() async throws {
        try await QuickPolicy(keep: "1").house { house, hub in
            let first = try await house.mirror(Self.model)
            let size = try Data(contentsOf: URL(fileURLWithPath: "\(hub.folder)/\(Self.card)")).count
            _ = try await next("more", house, hub)
            #expect(try await house.lapidary("gc").status == 0)
            #expect(try await house.registry.catalog.snapshots().contains { $0.expiry != nil })
            try hub.change(Self.card) { $0 = Array($0.prefix(size)) }
            try house.hub.reload()
            let start = house.hub.log.entries.count
            #expect(try await house.mirror(Self.model).commit == first.commit)
            #expect(!house.hub.log.entries[start...].contains { $0.target.contains("/resolve/") })
            #expect(try await house.hf("download", Self.model).status == 0)
        }
    }

    @Test func retentionNeverTakesWhatIsPinnedOrServedOrTheLastHeld() async throws {
        try await QuickPolicy(keep: "1").house { house, hub in
            let pinned = try await house.mirror(Self.model)
            #expect(try await house.lapidary("pin", "\(Self.model)@\(pinned.commit)", "--reason", "audit").status == 0)
            let middle = try await next("two", house, hub)
            let served = try await next("three", house, hub)
            // Two commits that nobody has said yes to.
            var waiting: [CommitID] = []
            for line in ["four", "five"] {
                try hub.append(line, to: Self.card)
                try house.hub.reload()
                _ = try await Sync(only: [RepositoryID(Self.model)]).perform(in: house.registry) { _ in }
                waiting.append(try #require(try await house.registry.catalog.snapshots().first).commit)
            }
            #expect(try await house.lapidary("gc", "--grace", "0").status == 0)
            let kept = try await house.registry.catalog.snapshots().filter { $0.expiry == nil }.map(\.commit)
            #expect(Set(kept) == [pinned.commit, served.commit, waiting[1]], "\(kept)")
            let late = try await house.lapidary("pin", "\(Self.model)@\(middle.commit)", "--reason", "x")
            #expect(late.status == 2 && late.errors.contains("expired on"), "\(late)")

            #expect(try await house.lapidary("unpin", "\(Self.model)@\(pinned.commit)").status == 0)
            #expect(try await house.lapidary("gc", "--grace", "0").output.contains(pinned.commit.short))
            let purged = try await house.lapidary("gc", "--grace", "0", "--purge")
            #expect(purged.output.contains("blobs in the trash (3"), "\(purged.output)")
            #expect(try Folder.files(below: "\(house.folder)/storage/trash").isEmpty)
            #expect(try await house.lapidary("scrub").output.contains("all are right"))
        }
    }

    @Test func bytesThatTheCatalogueDoesNotKnowAreListedAndGo() async throws {
        try await QuickPolicy().house { house, _ in
            _ = try await house.mirror(Self.model)
            let bytes = Array("nobody's".utf8)
            let digest = ContentDigests.sha256(of: bytes)
            let folder = "\(house.folder)/storage/blobs/sha256/\(digest.hex.prefix(2))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(digest.hex)"))
            let young = try await house.lapidary("gc", "--dry-run")
            #expect(young.output.contains("the catalogue does not know it; stays 24 hours more"), "\(young.output)")
            let plan = try await house.lapidary("gc", "--dry-run", "--grace", "0")
            #expect(plan.output.contains(digest.hex) && plan.output.contains("8 B would go now"), "\(plan.output)")
            #expect(try await house.lapidary("gc", "--grace", "0").status == 0)
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(digest.hex)"))
            #expect(try await house.hf("download", Self.model).status == 0)
            let unknown = try await house.lapidary("gc", "--grace", "-1")
            #expect(unknown.status == 2, "\(unknown)")
        }
    }

    /// Commits come and go and come back while the collector runs without mercy.
    @Test func aCollectorWithoutGraceNeverTakesWhatIsBeingBroughtIn() async throws {
        let models = ["sample/gemma-3-tiny-it", "sample/gemma-3-tiny-gguf", "sample/gemma-3-tiny-triage"]
        try await QuickPolicy(keep: "1", trashDays: 0).house { house, hub in
            let cards = try models.map {
                try String(contentsOfFile: "\(hub.folder)/\($0)/README.md", encoding: .utf8)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                let isOver = Flag()
                group.addTask {
                    while !isOver.isRaised {
                        let verb = CollectGarbage(graceHours: 0, purge: true)
                        _ = try await verb.perform(in: house.registry) { _ in }
                    }
                }
                defer { isOver.raise() }
                for round in 0..<8 {
                    // Two contents in turn: each is let go of while the other is main, and then wanted again.
                    for (model, card) in zip(models, cards) {
                        try (card + (round % 2 == 0 ? "" : "\nodd\n")).write(
                            toFile: "\(hub.folder)/\(model)/README.md", atomically: true, encoding: .utf8)
                    }
                    try house.hub.reload()
                    try await withThrowingTaskGroup(of: Void.self) { writers in
                        for model in models {
                            writers.addTask {
                                let answer = try await house.mirror(model)
                                #expect(answer.state == .served, "\(model): \(answer.rule) \(answer.reason)")
                            }
                        }
                        try await writers.waitForAll()
                    }
                    let scrub = try await Scrub().perform(in: house.registry) { _ in }
                    #expect(scrub.findings.isEmpty, "round \(round): \(scrub.findings.map(\.problem))")
                }
            }
            for model in models { #expect(try await house.hf("download", model).status == 0) }
        }
    }
}
