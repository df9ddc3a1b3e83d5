import Foundation
import RegistryCore
import RegistryOperations
import RegistryUpstream
import SampleHub
import Testing

/// `mirror --plan` is held against what a mirroring then really asks of upstream.
@Suite(.serialized) struct PlanTests {
    private static let model = "sample/gemma-3-tiny-it"

    private struct Asked: Equatable, CustomStringConvertible {
        var api = 0
        var files = 0
        var description: String { "\(api) API and \(files) file requests" }

        init(_ plan: PlanMirror.Answer) { (api, files) = (plan.apiRequests, plan.resolverRequests) }

        init(_ entries: some Sequence<RequestLog.Entry>) {
            for entry in entries {
                if entry.target.contains("/resolve") { files += 1 } else if entry.target.contains("/api/") { api += 1 }
            }
        }
    }

    /// The plan, then what the mirroring asked for, and whether it asked for as many bytes of storage.
    private func compare(_ house: House, _ repository: String = model) async throws -> (Asked, Asked) {
        let plan = try await PlanMirror(repository: RepositoryID(repository), revision: .main)
            .perform(in: house.registry) { _ in }
        let before = house.hub.log.entries.count
        _ = try await house.mirror(repository)
        return (Asked(plan), Asked(house.hub.log.entries[before...]))
    }

    @Test func aNewRepositoryCostsWhatWasPlanned() async throws {
        try await House.open { house in
            let (planned, made) = try await compare(house)
            #expect(planned == made && made.files > 0)
            // What is here already costs one question; the plan of it says so.
            let (again, asked) = try await compare(house)
            #expect(again.files == 0 && asked.files == 0)
            #expect(again == asked)
        }
    }

    @Test func ofTwoFilesWithTheSameBytesOneIsPlanned() async throws {
        let folder = try Folder.hub(settings: "{}", Self.model)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["one.txt", "two.txt"] {
            try "the same\n".write(toFile: "\(folder)/\(Self.model)/\(name)", atomically: true, encoding: .utf8)
        }
        try await House.open(hub: folder) { house in
            let plan = try await PlanMirror(repository: RepositoryID(Self.model), revision: .main)
                .perform(in: house.registry) { _ in }
            let (planned, made) = try await compare(house)
            #expect(planned == made)
            let snapshot = try #require(try await house.registry.catalog.snapshots().first)
            #expect(plan.bytes == snapshot.totalSize - 9)
        }
    }

    @Test func aHalfFetchedRepositoryCostsWhatIsMissing() async throws {
        let folder = try Folder.hub(settings: "{}", Self.model)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let repository = "\(folder)/\(Self.model)"
        // Large enough for its parts to be on record: two pieces.
        let notes = Array(String(repeating: "What has come need not come again.\n", count: 600_000).utf8)
        try Data(notes).write(to: URL(filePath: "\(repository)/notes.txt"))
        let attributes = try String(contentsOfFile: "\(repository)/.gitattributes", encoding: .utf8)
        try "\(attributes)\nnotes.txt filter=lfs diff=lfs merge=lfs -text\n"
            .write(toFile: "\(repository)/.gitattributes", atomically: true, encoding: .utf8)
        // The first piece breaks off, the second comes, and where the first is taken up again nothing is found.
        let place = "/storage/\(ContentDigests.sha256(of: notes).hex)"
        let faults = [
            Fault(.cut(after: 10_000_000), at: place, times: 1),
            Fault(.silence(.milliseconds(1)), at: place, times: 1), Fault(.status(404), at: place, times: 1),
        ]
        try await House.open(hub: folder, faults: faults) { house in
            let whole = try await PlanMirror(repository: RepositoryID(Self.model), revision: .main)
                .perform(in: house.registry) { _ in }
            let error = await #expect(throws: UpstreamError.self) { try await house.mirror(Self.model) }
            guard case .storageRefused(_, 404)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let plan = try await PlanMirror(repository: RepositoryID(Self.model), revision: .main)
                .perform(in: house.registry) { _ in }
            #expect(plan.bytes <= whole.bytes - 10_000_000 && plan.bytes > 0, "\(plan.bytes) of \(whole.bytes)")
            let here = try #require(plan.files.first { $0.path == "notes.txt" }).here
            #expect(here >= 10_000_000 && here < notes.count)
            let (planned, made) = try await compare(house)
            #expect(planned == made)
        }
    }

    @Test func changedWeightsCostALookAtTheirHeadsToo() async throws {
        let folder = try Folder.hub(settings: "{}", Self.model)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await House.open(hub: folder) { house in
            _ = try await house.mirror(Self.model)
            let weights = URL(filePath: "\(folder)/\(Self.model)/model.safetensors")
            var bytes = try Data(contentsOf: weights)
            bytes[bytes.count - 2] ^= 1
            try bytes.write(to: weights)
            try await blocking { try house.hub.reload() }
            let (planned, made) = try await compare(house)
            #expect(planned == made && planned.files == 2)
        }
    }

    @Test func aTreeOfSeveralPagesIsCountedAsSuch() async throws {
        let folder = try Folder.hub(settings: "{}", Self.model)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let hub = try await blocking { try SampleHub(folder: folder, pageSize: 3) }
        let storage = FileManager.default.temporaryDirectory.path + "/plan-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: storage) }
        try await hub.whileRunning { upstream in
            let registry = try await Registry.open(
                RegistryConfiguration(
                    storage: storage, policies: "\(House.project)/Policies", upstream: upstream, upstreamToken: nil,
                    executable: House.executable, anonymousPulls: true, contact: "",
                    hub: HubOptions(redirectHosts: ["localhost"])))
            let plan = try await PlanMirror(repository: RepositoryID(Self.model), revision: .main)
                .perform(in: registry) { _ in }
            // The plan asks for the same pages.
            #expect(Asked(plan).api == Asked(hub.log.entries).api && plan.apiRequests > 2)
        }
    }

    @Test func timeIsToldAtTheLimitThatHolds() async throws {
        try await ClosedHouse.open { house in
            let plan = try await house.lapidary(
                ["mirror", Self.model, "--plan", "--limit-rate", "1KB; 00:00-24:00 10KB", "--format", "json"])
            #expect(plan.status == 0, "\(plan.errors)")
            let answer = try JSONDecoder().decode(PlanMirror.Answer.self, from: Data(plan.output.utf8))
            #expect(answer.seconds == Double(answer.bytes) / 10_000 && answer.basis.contains("9.8 KiB/s"))
        }
    }
}

/// What a limit of upstream's does to a job, and who is told.
@Suite(.serialized) struct WaitingJobTests {
    private static let model = "sample/gemma-3-tiny-it"

    @Test func aJobThatMustWaitSaysUntilWhenEverywhere() async throws {
        let limit = Fault(.rateLimit(seconds: 200), at: "/resolve/", times: 1)
        try await House.open(faults: [limit]) { house in
            #expect(try await house.lapidary("mirror", Self.model, "--detach").status == 0)
            try await eventually("it waits") {
                try await house.registry.catalog.latestJob(of: RepositoryID(Self.model))?.state == .waiting
            }
            let job = try #require(try await house.registry.catalog.latestJob(of: RepositoryID(Self.model)))
            let until = try #require(job.waitUntil)
            #expect(until > .from(now: .seconds(150)) && until < .from(now: .seconds(260)))
            let listed = try await house.lapidary("jobs")
            let page = try await house.curl("\(house.url)/jobs")
            for text in [job.message, listed.output, page.output] {
                #expect(text.contains("waiting until \(until.clock)"), "\(text)")
                #expect(text.contains("limiting our rate"))
            }
            #expect(try await house.lapidary("cancel", Self.model).status == 0)
        }
    }

    @Test func aHubThatLimitsForAMomentIsWaitedOut() async throws {
        let limit = Fault(.rateLimit(seconds: 0), at: "/resolve/", times: 1)
        try await House.open(faults: [limit]) { house in
            let answer = try await house.mirror(Self.model)
            #expect(answer.state == .served)
        }
    }
}
