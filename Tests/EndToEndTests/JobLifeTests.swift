import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// Work is a row: it waits its turn, is seen, is cancelled, and outlives the process that did it.
@Suite(.serialized) struct JobLifeTests {
    private static let model = "sample/gemma-3-tiny-it"
    /// Where storage has the weights of the model, by their digest.
    private static let weights = "/storage/845569548d655d8f"

    @Test func whatAServerWasDoingWhenItWasKilledTheNextOneDoes() async throws {
        let stuck = Fault(.silence(.seconds(60)), at: Self.weights, times: 1)
        try await QuickPolicy().house(faults: [stuck]) { house, hub in
            let storage = "\(house.folder)/killed"
            let environment = [
                "LAPIDARY_STORAGE": storage, "LAPIDARY_POLICIES": "\(hub.folder)-policies",
                "LAPIDARY_UPSTREAM": house.registry.configuration.upstream, "LAPIDARY_REDIRECT_HOSTS": "localhost",
            ]
            let first = try await ServerProcess(environment)
            let queued = try await house.lapidary("mirror", Self.model, "--detach", environment: environment)
            #expect(queued.status == 0 && queued.output.contains("job 1 is"), "\(queued)")
            async let waiting = house.lapidary("mirror", Self.model, environment: environment)
            try await eventually("the weights are under way") {
                house.hub.log.entries.contains { $0.target.hasPrefix(Self.weights) }
            }
            let running = try await house.lapidary("jobs", environment: environment)
            #expect(running.output.contains("running"), "\(running)")
            first.kill()
            let told = try await waiting
            #expect(told.status == 1 && told.errors.contains("goes on when it is started again"), "\(told)")
            let between = try await house.lapidary("jobs", environment: environment)
            #expect(between.output.contains("queued") && between.output.contains("interrupted"), "\(between)")

            let second = try await ServerProcess(environment)
            try await eventually("the job is done") {
                try await house.lapidary("jobs", environment: environment).output.contains("done")
            }
            let jobs = try await house.lapidary("jobs", "--format", "json", environment: environment)
            let rows = try JSONDecoder().decode([Job].self, from: Data(jobs.output.utf8))
            #expect(rows.map(\.id) == [1] && rows.map(\.attempts) == [2], "\(jobs.output)")
            let got = try await house.curl("\(second.url)/\(Self.model)/resolve/main/config.json")
            #expect(got.output.contains("gemma3_text"), "\(got)")
        }
    }

    @Test func aRunningJobShowsItsProgressOnThePageUntilItIsCancelled() async throws {
        let stuck = Fault(.silence(.seconds(60)), at: Self.weights, times: 1)
        try await QuickPolicy().house(faults: [stuck]) { house, _ in
            #expect(try await house.lapidary("mirror", Self.model, "--detach").status == 0)
            try await eventually("all but the weights is here") {
                try await house.registry.catalog.activeJobs().contains { $0.received > 0 && $0.received < $0.total }
            }
            let page = try await Chromium.text(of: "\(house.url)/jobs", in: house.folder)
            #expect(page.contains("running") && page.contains("<progress"), "\(page)")
            #expect(page.contains("fetched 7 of 8 files") || page.contains("fetched 8 of 9 files"), "\(page)")
            let head = try await house.curl("--head", "\(house.url)/jobs")
            #expect(head.output.lowercased().contains("refresh: 3"), "\(head.output)")
            let tool = try await house.hf("download", Self.model)
            #expect(tool.status != 0 && tool.errors.contains("is being prepared here"), "\(tool.errors)")

            let cancelled = try await house.lapidary("cancel", Self.model)
            #expect(cancelled.status == 0, "\(cancelled)")
            let after = try await Chromium.text(of: "\(house.url)/jobs", in: house.folder)
            #expect(after.contains("cancelled by the operator") && !after.contains("<progress"), "\(after)")
            #expect(try await !house.curl("--head", "\(house.url)/jobs").output.lowercased().contains("refresh:"))
            let nothing = try await house.lapidary("cancel", Self.model)
            #expect(nothing.status == 1 && nothing.errors.contains("nothing of \(Self.model) runs"), "\(nothing)")
            #expect(try await house.mirror(Self.model).state == .served)
        }
    }

    @Test func manyQueuedJobsAreDoneAFewAtATimeAndCanBeCancelledWhileTheyWait() async throws {
        let slow = Fault(.silence(.milliseconds(200)), at: "/revision/")
        try await QuickPolicy().house(faults: [slow]) { house, _ in
            let names = try (0..<24).map { try RepositoryID("nobody/model-\($0)") }
            for name in names {
                _ = try await QueueMirror(repository: name, revision: .main).perform(in: house.registry) { _ in }
            }
            let waiting = try await ListJobs().perform(in: house.registry) { _ in }.filter { $0.state == .queued }
            #expect(waiting.count > 10, "\(waiting.count)")
            #expect(waiting.allSatisfy { $0.attempts == 0 })
            let last = try #require(names.last)
            #expect(try await house.lapidary("cancel", "\(last)").status == 0)
            try await eventually("all have ended") { try await house.registry.catalog.activeJobs().isEmpty }
            #expect(house.hub.log.mostAtOnce(at: "/api/models/nobody") == 4)
            let ended = try await ListJobs(ended: 100).perform(in: house.registry) { _ in }
            #expect(ended.count { $0.state == .failed } == 23 && ended.count { $0.state == .cancelled } == 1)
            #expect(!house.hub.log.entries.contains { $0.target.contains("\(last)/") })
        }
    }

    @Test func hundredsOfJobsAreListedAndThePageStaysReadable() async throws {
        try await QuickPolicy().house { house, _ in
            let later = Timestamp.from(now: .seconds(3600))
            for number in 0..<500 {
                let job = try await house.registry.catalog.beginJob(
                    mirroring: RepositoryID("nobody/model-\(number)"), at: .main)
                try await house.registry.catalog.updateJob(job, to: .waiting, "attempt 2 later", waitUntil: later)
            }
            let listed = try await house.lapidary("jobs")
            #expect(listed.output.split(separator: "\n").count == 501)
            let page = try await house.curl("\(house.url)/jobs")
            #expect(page.output.contains("And 300 more that wait for their turn"), "\(page.output.suffix(500))")
            let one = try await house.lapidary("jobs", "nobody/model-499")
            #expect(one.output.split(separator: "\n").count == 2, "\(one.output)")
        }
    }
}
