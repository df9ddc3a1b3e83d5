import RegistryCatalog
import RegistryCore
import Testing

/// What the catalogue remembers of families, rounds and jobs that are over.
@Suite struct FollowTests {
    private func variant(_ name: String, of base: String = "google/gemma") -> Variant {
        Variant(
            base: id(base), repository: id(name), relation: "finetune", downloads: 1, likes: 0, licence: nil,
            size: nil, formats: ["gguf"], gated: "open", updatedAt: nil, children: nil)
    }

    @Test func aListingThatWasCutTakesNothingForGone() async throws {
        let catalog = try TemporaryCatalog().open()
        let base = id("google/gemma")
        try await catalog.record([variant("a/one"), variant("a/two")], of: base)
        try await catalog.record([variant("a/one")], of: base, isWhole: false)
        #expect(try await catalog.variants(of: [base]).allSatisfy { $0.goneAt == nil })
        try await catalog.record([variant("a/one")], of: base)
        let gone = try await catalog.variants(of: [base]).filter { $0.goneAt != nil }.map(\.repository)
        #expect(gone == [id("a/two")])
        #expect(try await catalog.variantBases().map(\.variants) == [1])
        // And one that comes back is back.
        try await catalog.record([variant("a/two")], of: base, isWhole: false)
        #expect(try await catalog.variants(of: [base]).allSatisfy { $0.goneAt == nil })
    }

    @Test func onlyABaseThatWasListedIsWatched() async throws {
        let catalog = try TemporaryCatalog().open()
        try await catalog.watch(id("google/gemma"), true)
        #expect(try await catalog.variantBases().isEmpty)
        try await catalog.record([], of: id("google/gemma"))
        try await catalog.watch(id("google/gemma"), true)
        #expect(try await catalog.variantBases().map(\.isWatched) == [true])
        try await catalog.watch(id("google/gemma"), false)
        #expect(try await catalog.variantBases().map(\.isWatched) == [false])
    }

    @Test func aRoundThatWasCutOffIsNoRound() async throws {
        let catalog = try TemporaryCatalog().open()
        _ = try await catalog.beginSync()
        #expect(try await catalog.lastSync() == nil)
        let whole = try await catalog.beginSync()
        try await catalog.endSync(whole, "3 looked at")
        _ = try await catalog.beginSync()
        #expect(try await catalog.lastSync()?.summary == "3 looked at")
    }

    @Test func jobsThatEndedLongAgoGoButForTheNewestOfTheirKind() async throws {
        let catalog = try TemporaryCatalog().open()
        var jobs: [Int64] = []
        for _ in 0..<3 {
            let job = try await catalog.beginJob(mirroring: gemma, at: .main)
            try await catalog.updateJob(job, to: .done, "served")
            jobs.append(job)
        }
        let imported = try await catalog.beginJob(importing: gemma, at: "main")
        try await catalog.updateJob(imported, to: .failed, "no")
        let running = try await catalog.beginJob(mirroring: id("a/b"), at: .main)
        try await catalog.updateJob(running, to: .running, "going")
        try await catalog.forgetJobs(endedBefore: .from(now: .seconds(-60)))
        #expect(try await catalog.endedJobs(limit: 10).count == 4)
        try await catalog.forgetJobs(endedBefore: .from(now: .seconds(60)))
        #expect(Set(try await catalog.endedJobs(limit: 10).map(\.id)) == [jobs[2], imported])
        #expect(try await catalog.activeJobs().map(\.id) == [running])
    }

    @Test func aJobThatSomebodyDoesIsNotGivenToAnother() async throws {
        let catalog = try TemporaryCatalog().open()
        let job = try await catalog.beginJob(mirroring: gemma, at: .main)
        try await catalog.updateJob(job, to: .waiting, "upstream wants a pause", waitUntil: .from(now: .seconds(9)))
        let other = try await catalog.beginJob(mirroring: gemma, at: .main, besides: [job])
        #expect(other != job)
        #expect(try await catalog.beginJob(mirroring: gemma, at: .main, besides: [job]) == other)
        #expect(try await catalog.beginJob(mirroring: gemma, at: .main) == job)
    }
}
