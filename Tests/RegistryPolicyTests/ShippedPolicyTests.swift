import Foundation
import RegistryCore
import RegistryPolicy
import Testing

@Suite struct ShippedPolicyTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Policies").path

    @Test func theDemoPolicyNeedsNoApprovalAndKnowsTheSamples() throws {
        let policy = try PolicyFile.read("\(Self.folder)/default.yaml")
        #expect(policy.name == "demo")
        #expect(policy.approvals == 0)
        #expect(policy.maximumSize == 120_000_000_000)
        #expect(policy.smokeTest.required)
        #expect(policy.smokeTest.timeLimit == .seconds(600))
        let sample = try #require(try policy.probe(for: RepositoryID("sample/gemma-3-tiny-swapped")))
        // Between what the samples reach and what the one with two layers swapped does (Tests/Fixtures/Hub/README.md).
        #expect(sample.bounds.maximumMeanNLL > 0.87)
        #expect(sample.bounds.maximumMeanNLL < 3.59)
        #expect(sample.set.texts.first?.text.hasPrefix("The ship was painted white and blue. It had two masts") == true)
        let general = try #require(try policy.probe(for: RepositoryID("google/gemma-3-1b-it")))
        #expect(general.bounds.maximumMeanNLL == 7)
        #expect(general.bounds.warnMeanNLL == 5.3)
    }

    @Test func theProbesForRealModelsAreInManyLanguagesAndQuickOnesAreFew() throws {
        let policy = try PolicyFile.read(Self.folder)
        let set = try #require(try policy.probe(for: RepositoryID("google/gemma-3-1b-it"))).set
        #expect(Set(set.texts.map(\.language)).count >= 8)
        #expect(Set(set.chats.map(\.language)).isSuperset(of: ["en", "de", "fr", "es", "ja", "zh", "ar", "hi"]))
        #expect(set.similarities.contains { $0.depth == .quick })
        for prompts in [set.prompts, set.chats] {
            let quick = prompts.filter { $0.depth == .quick }
            #expect(quick.count == 1)
            #expect(quick.allSatisfy { $0.maximumTokens <= 8 && !$0.expected.isEmpty })
        }
        #expect(set.texts.count { $0.depth == .quick } == 1)
    }

    @Test func theShippedBoundsAreThoseOfTheCode() throws {
        var bounds = try PolicyFile.read(Self.folder).smokeTest.bounds
        let code = SmokeTestBounds(maximumMeanNLL: bounds.maximumMeanNLL, warnMeanNLL: bounds.warnMeanNLL)
        // Asked of real models, which know a capital; a job without a policy expects every answer.
        #expect(bounds.warnRightAnswers == 0.5)
        bounds.warnRightAnswers = code.warnRightAnswers
        #expect(bounds == code)
    }

    @Test func theProductionPolicyNeedsAnApproval() throws {
        let policy = try PolicyFile.read("\(Self.folder)/production.yaml")
        #expect(policy.name == "production")
        #expect(policy.approvals == 1)
        #expect(policy.smokeTest.required)
    }

    @Test(arguments: ["default.yaml", "production.yaml"])
    func noShippedPolicyAllowsFormatsThatRunCode(file: String) throws {
        let allowed = try PolicyFile.read("\(Self.folder)/\(file)").formats.allowed
        #expect(Set(allowed).isDisjoint(with: ["pickle", "zip", "python", "other"]))
        #expect(allowed.contains("safetensors"))
    }

    @Test func aFolderStandsForItsDefaultPolicyAndTheDigestIsOfAllBytes() throws {
        let names = [
            "default", "probes/sample-triage", "probes/sample-gemma-4", "probes/sample-gemma-3", "probes/general",
        ]
        let bytes = try names.flatMap { try Data(contentsOf: URL(filePath: "\(Self.folder)/\($0).yaml")) }
        let policy = try PolicyFile.read(Self.folder)
        #expect(policy.name == "demo")
        #expect(policy.digest == ContentDigests.sha256(of: Array(bytes)))
    }

    @Test func whatIsNotThereIsNamed() throws {
        let missing = #expect(throws: PolicyError.self) { try PolicyFile.read("/nonexistent/policy.yaml") }
        #expect(missing?.description.contains("/nonexistent/policy.yaml: there is no such file") == true)
        #expect(missing?.description.contains("LAPIDARY_POLICIES") == true)
        let empty = FileManager.default.temporaryDirectory.appending(path: "policies-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: empty) }
        let unreadable = #expect(throws: PolicyError.self) { try PolicyFile.read(empty) }
        #expect(unreadable?.description == "\(empty)/default.yaml: it cannot be read")
    }
}
