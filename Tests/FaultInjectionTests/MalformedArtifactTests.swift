import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

/// What broken files are told: the check, the outcome and the words.
@Suite struct MalformedArtifactTests {
    private static let job = SmokeTestJob(
        model: "",
        probes: ProbeSet(
            name: "test",
            texts: [.init(language: "en", text: "The ship was painted white and blue. It had two masts.")],
            prompts: [.init(language: "en", prompt: "The old harbour", maximumTokens: 8)]),
        bounds: SmokeTestBounds(maximumMeanNLL: 4), testerBuild: "test")

    @Test(.timeLimit(.minutes(1)), arguments: MalformedArtifact.all)
    func isFound(fixture: String, artifact: MalformedArtifact) throws {
        let folder = try ArtifactFolder(fixture)
        try artifact.damage(folder)
        let inspection = ModelInspection(of: try ModelFiles(directory: folder.path))
        var job = Self.job
        job.model = folder.path
        if case .instruct = artifact.check { job.modelClass = .instruct }
        let report = SmokeTest.run(job)
        let seen: (outcome: String, finding: String)? =
            switch artifact.check {
            case .inspection(let name): inspection[name].map { ($0.outcome.rawValue, $0.message) }
            case .smokeTest(let name), .instruct(let name): report[name].map { ($0.outcome.rawValue, $0.reason) }
            }
        #expect(seen?.outcome == artifact.outcome)
        #expect(seen?.finding == artifact.finding)
    }

    @Test func thereAreAsManyAsWeSay() {
        #expect(MalformedArtifact.all.count >= 150)
        #expect(Set(MalformedArtifact.all.map(\.1.name)).count == MalformedArtifact.all.count)
    }
}
