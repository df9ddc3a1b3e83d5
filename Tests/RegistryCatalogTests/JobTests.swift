import RegistryCatalog
import RegistryCore
import Testing

@Suite struct JobTests {
    @Test func aJobShowsWhatItIsDoingAndHowItEnded() async throws {
        let catalog = try TemporaryCatalog().open()
        let job = try await catalog.beginJob(mirroring: gemma, at: .main)
        #expect(try await catalog.latestJob(of: gemma)?.state == .queued)
        try await catalog.updateJob(job, to: .running, "fetching 3 files")
        #expect(try await catalog.activeJobs().map(\.message) == ["fetching 3 files"])
        try await catalog.updateJob(job, to: .done, "served")
        #expect(try await catalog.activeJobs().isEmpty)
        let latest = try await catalog.latestJob(of: gemma)
        #expect(latest?.id == job)
        #expect(latest?.repository == gemma)
        #expect(latest?.revision == "main")
        #expect(latest?.message == "served")
        #expect(try await catalog.latestJob(of: id("sample/other")) == nil)
    }

    @Test func aStartFailsWhatTheLastProcessLeftUnfinished() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let queued = try await catalog.beginJob(mirroring: id("a/queued"), at: .main)
        let running = try await catalog.beginJob(mirroring: id("a/running"), at: .main)
        let done = try await catalog.beginJob(mirroring: id("a/done"), at: .main)
        try await catalog.updateJob(running, to: .running, "half way")
        try await catalog.updateJob(done, to: .done, "served")
        #expect(try await catalog.activeJobs().map(\.id) == [queued, running])

        let next = try temporary.open()
        try await next.failInterruptedJobs()
        #expect(try await next.activeJobs().isEmpty)
        for name in ["a/queued", "a/running"] {
            let job = try await next.latestJob(of: id(name))
            #expect(job?.state == .failed)
            #expect(job?.message.contains("interrupted") == true)
        }
        #expect(try await next.latestJob(of: id("a/done"))?.message == "served")
    }
}
