import Foundation
import RegistryCatalog
import RegistryCore
import RegistryOperations
import SampleHub
import Testing

/// Requests for one model share the work, and what is known costs no more than one question.
@Suite(.serialized) struct SharedMirrorTests {
    private static let model = "sample/gemma-3-tiny-it"

    @Test func requestsFromEverywhereForOneModelFetchEachFileOnce() async throws {
        try await House.open { house in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for turn in 0..<32 {
                    group.addTask {
                        switch turn % 8 {
                        case 0:
                            let run = try await house.lapidary("mirror", Self.model)
                            return run.status == 0 ? "served" : run.errors
                        case 1, 2, 3: return try await house.mirror(Self.model).state.rawValue
                        default:
                            let order = Mirror(
                                repository: try RepositoryID(Self.model), revision: .main, promotion: .ifNew)
                            return try await order.perform(in: house.registry) { _ in }.state.rawValue
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "served", count: 32))
            let files = house.hub.log.entries.map(\.target).filter { $0.contains("/resolve/") }
            #expect(Set(files).count == files.count, "\(files)")
            #expect(!files.isEmpty)
        }
    }

    @Test func mirroringAllOfTheSampleHubAgainCostsOneRequestForEachRepository() async throws {
        try await House.open { house in
            for repository in house.hub.repositories { _ = try await house.mirror(repository.description) }
            let first = house.hub.log.entries.count
            for repository in house.hub.repositories {
                let answer = try await house.mirror(repository.description)
                #expect(answer.wasHere, "\(repository)")
            }
            let second = house.hub.log.entries[first...].map(\.target)
            #expect(second.count == house.hub.repositories.count, "\(second)")
        }
    }

    @Test func whoLeavesDoesNotTakeTheOthersWithHim() async throws {
        let slow = Fault(.silence(.seconds(2)), at: "/tree/", times: 1)
        try await House.open(faults: [slow]) { house in
            let leaver = Task { try await house.mirror(Self.model) }
            try await eventually("the first asks for the tree") {
                house.hub.log.entries.contains { $0.target.contains("/tree/") }
            }
            let stayer = Task { try await house.mirror(Self.model) }
            try await eventually("there is one job") { try await house.registry.catalog.activeJobs().count == 1 }
            leaver.cancel()
            await #expect(throws: (any Error).self) { try await leaver.value }
            #expect(try await stayer.value.state == .served)
            #expect(try await house.registry.catalog.activeJobs().isEmpty)
        }
    }

    @Test func aServerTakesUpWhatIsQueued() async throws {
        try await House.open { house in
            let queued = try await house.lapidary("mirror", Self.model, "--detach")
            #expect(queued.status == 0 && queued.output.contains("'lapidary jobs'"), "\(queued)")
            try await eventually("it is served") {
                try await house.registry.summaries().contains { $0.state == .served }
            }
            let jobs = try await house.lapidary("jobs")
            #expect(jobs.output.contains("mirror") && jobs.output.contains("done"), "\(jobs)")
        }
    }

    @Test func aServerTriesLaterWhatMayPassAndSaysWhen() async throws {
        let trouble = Fault(.status(503), at: "/revision/main")
        try await House.open(faults: [trouble]) { house in
            let queued = try await house.lapidary("mirror", Self.model, "--detach")
            #expect(queued.status == 0, "\(queued.errors)")
            // The client's own five attempts take up to half a minute.
            let deadline = ContinuousClock.now + .seconds(60)
            var job = try await house.registry.catalog.latestJob(of: RepositoryID(Self.model))
            while job?.message.hasPrefix("attempt 2 at ") != true, .now < deadline {
                try await Task.sleep(for: .milliseconds(50))
                job = try await house.registry.catalog.latestJob(of: RepositoryID(Self.model))
            }
            #expect(
                job?.state == .waiting && job?.message.hasPrefix("attempt 2 at ") == true, "\(String(describing: job))")
            #expect(try await house.lapidary("cancel", Self.model).status == 0)
            #expect(try await house.registry.catalog.latestJob(of: RepositoryID(Self.model))?.state == .cancelled)
        }
    }

    @Test func aPlanSaysWhatWouldBeFetchedAndFetchesNothing() async throws {
        try await House.open { house in
            let plan = try await house.lapidary("mirror", Self.model, "--plan")
            #expect(plan.status == 0, "\(plan.errors)")
            #expect(plan.output.contains("model.safetensors") && plan.output.contains("2 API and"), "\(plan.output)")
            #expect(!house.hub.log.entries.contains { $0.target.contains("/resolve/") })
            #expect(try await house.registry.catalog.snapshots().isEmpty)
            _ = try await house.mirror(Self.model)
            let after = try await house.lapidary("mirror", Self.model, "--plan")
            #expect(after.output.contains(" 0 of "), "\(after.output)")
        }
    }
}
