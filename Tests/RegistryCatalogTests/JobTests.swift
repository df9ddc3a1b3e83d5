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

    @Test func aStartQueuesMirrorsAgainThatTheLastProcessLeftUnfinished() async throws {
        let temporary = try TemporaryCatalog()
        let catalog = try temporary.open()
        let snapshot = try await catalog.promote(gemma, commit(1), [entry("a", "1")])
        let queued = try await catalog.beginJob(mirroring: id("a/queued"), at: .main)
        let running = try await catalog.beginJob(mirroring: id("a/running"), at: .main)
        let waiting = try await catalog.beginJob(mirroring: id("a/waiting"), at: .main)
        let done = try await catalog.beginJob(mirroring: id("a/done"), at: .main)
        let test = try await catalog.beginJob(testing: snapshot)
        let moment = Timestamp.from(now: .seconds(3600))
        try await catalog.updateJob(running, to: .running, "half way")
        try await catalog.updateJob(waiting, to: .waiting, "upstream is down", waitUntil: moment)
        try await catalog.updateJob(done, to: .done, "served")
        #expect(try await catalog.activeJobs().map(\.id) == [queued, running, waiting, test])

        let next = try temporary.open()
        try await next.requeueInterruptedJobs()
        #expect(try await next.dueJobs(at: .now).map(\.id) == [queued, running])
        #expect(try await next.latestJob(of: id("a/running"))?.message.contains("interrupted") == true)
        #expect(try await next.latestJob(of: id("a/waiting"))?.waitUntil == moment)
        #expect(try await next.dueJobs(at: .from(now: .seconds(7200))).map(\.id) == [queued, running, waiting])
        #expect(try await next.latestJob(of: id("a/done"))?.message == "served")
        // A re-test is planned anew, so its row only says how it ended.
        #expect(try await next.latestJob(of: gemma)?.state == .failed)
    }

    @Test func whoAsksForWhatIsQueuedGetsThatJob() async throws {
        let catalog = try TemporaryCatalog().open()
        let job = try await catalog.beginJob(mirroring: gemma, at: .main)
        #expect(try await catalog.beginJob(mirroring: gemma, at: .main) == job)
        #expect(try await catalog.beginJob(mirroring: gemma, at: .main, promotion: .ifNew) != job)
        #expect(try await catalog.beginJob(mirroring: gemma, at: Revision("v1")) != job)
        let again = try await catalog.beginJob(mirroring: gemma, at: .main, again: true)
        #expect(again != job)
        #expect(try await catalog.dueJobs(at: .now).filter(\.again).map(\.id) == [again])
        try await catalog.updateJob(job, to: .failed, "no")
        #expect(try await catalog.beginJob(mirroring: gemma, at: .main) != job)
    }

    @Test func aJobCountsItsAttemptsAndItsBytes() async throws {
        let catalog = try TemporaryCatalog().open()
        let job = try await catalog.beginJob(mirroring: gemma, at: .main)
        #expect(try await catalog.fetchRate() == nil)
        #expect(try await catalog.beginAttempt(job) == 1)
        try await catalog.updateJob(job, to: .running, "begun")
        try await catalog.updateJob(job, received: 5, of: 10, "fetching")
        let row = try #require(try await catalog.latestJob(of: gemma))
        #expect((row.received, row.total, row.message, row.state) == (5, 10, "fetching", .running))
        #expect(try await catalog.beginAttempt(job) == 2)
        try await catalog.note(fetched: 4 << 20, in: 2, by: job)
        #expect(try await catalog.fetchRate() == Double(2 << 20))
        #expect(try await catalog.cancelQueuedJobs(of: gemma, reason: "no") == [])
        try await catalog.updateJob(job, to: .waiting, "later", waitUntil: .from(now: .seconds(60)))
        #expect(try await catalog.cancelQueuedJobs(of: gemma, reason: "no") == [job])
        #expect(try await catalog.endedJobs(limit: 5).map(\.state) == [.cancelled])
    }
}
