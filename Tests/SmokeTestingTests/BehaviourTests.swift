import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import RegistryCore
import SmokeTesting
import Testing

@Suite struct BehaviourTests {
    @Test func everyNumberIsAMeasurement() throws {
        var job = BehaviourJob.make(Fixtures.path("gemma3-trained"), .base)
        job.probes.texts.append(.init(language: "de", text: "Das Meer war ruhig."))
        job.base = .init(name: "sample/base@1", folder: Fixtures.path("gemma3-trained"))
        job.card.relation = "quantized"
        let numbers = SmokeTest.run(job).measurements
        for name in [
            "meanNLL", "meanNLL.en", "meanNLL.de", "meanNLL.base", "meanNLLAboveBase", "entropy", "entropy.base",
            "divergence", "sameTop", "rightAnswers", "repeatedWindows", "tokensPerSecond", "largestLogit",
        ] { #expect(numbers[name]?.isFinite == true, "\(name)") }
        // The model against itself.
        #expect(numbers["meanNLLAboveBase"] == 0)
        #expect(abs(try #require(numbers["divergence"])) < 1e-6)
        #expect(numbers["sameTop"] == 1)
        let english = try #require(numbers["meanNLL.en"]), german = try #require(numbers["meanNLL.de"])
        let all = try #require(numbers["meanNLL"])
        #expect(english < all && all < german)
    }

    @Test func theMeanAgreesWithTransformers() throws {
        for name in Fixtures.all {
            let golden = try Fixtures.golden(name), tokenizer = try Tokenizer(reading: try Fixtures.files(name))
            let text = tokenizer.decode(golden.nllIds, skipsSpecial: true)
            guard tokenizer.encodeWithBeginning(text) == golden.nllIds else { continue }
            var job = BehaviourJob.make(Fixtures.path(name), .base, maximumMeanNLL: 40)
            job.probes.texts[0].text = text
            (job.bounds.minimumEntropy, job.bounds.maximumEntropyShare) = (0, 2)
            let mean = try #require(SmokeTest.run(job).measurements["meanNLL"], "\(name)")
            #expect(abs(mean - golden.meanNllF32) < 1e-3, "\(name)")
        }
    }

    @Test func aRightAnswerIsFoundAndAWrongOneQuoted() throws {
        var job = BehaviourJob.make(Fixtures.path("gemma3-trained"), .base)
        #expect(SmokeTest.run(job)[.rightAnswer]?.outcome == .passed)
        job.probes.prompts[0].expected = ["THE BOATS as they"]
        #expect(SmokeTest.run(job)[.rightAnswer]?.outcome == .passed)
        job.probes.prompts[0].expected = ["Paris", "Rome"]
        let wrong = SmokeTest.run(job)
        #expect(wrong[.rightAnswer]?.outcome == .warned)
        #expect(wrong[.rightAnswer]?.reason.contains("it wrote \" the boats as they came in") == true)
        #expect(wrong[.rightAnswer]?.reason.contains("\"Paris\" or \"Rome\" was expected") == true)
        job.bounds.minimumRightAnswers = 0.5
        #expect(SmokeTest.run(job)[.rightAnswer]?.outcome == .failed)
        job.probes.prompts[0].expected = []
        #expect(SmokeTest.run(job)[.rightAnswer]?.outcome == .notApplicable)
    }

    @Test func anInstructModelAnswersThroughItsTemplateAndEndsItsTurn() throws {
        let hub = Fixtures.models.deletingLastPathComponent().appending(path: "Hub/sample/gemma-3-tiny-triage").path
        var job = BehaviourJob.make(hub, .instruct)
        job.probes.chats = [
            .init(
                language: "en", prompt: "Chest pain since one hour, left arm is numb.",
                expected: ["red: see a doctor now"], maximumTokens: 24)
        ]
        let report = SmokeTest.run(job)
        #expect(report[.rightAnswer]?.outcome == .passed, "\(report.texts)")
        #expect(report[.stopToken]?.outcome == .passed)
        #expect(report.texts.count == 1)
        #expect(report.texts[0].prompt == "Chest pain since one hour, left arm is numb.")
        #expect(report.texts[0].endsItself)
        job.probes.chats[0].maximumTokens = 4
        let cut = SmokeTest.run(job)
        #expect(cut[.stopToken]?.outcome == .warned)
        #expect(cut[.stopToken]?.reason.contains("no answer ended within 4 tokens") == true)
    }

    @Test func aModelThatGuessesOrIsStuckFailsByItsEntropy() throws {
        var job = BehaviourJob.make(Fixtures.path("gemma3-trained"), .base)
        let entropy = try #require(SmokeTest.run(job).measurements["entropy"])
        job.bounds.maximumEntropyShare = (entropy - 0.1) / Foundation.log(512)
        let guesses = SmokeTest.run(job)[.entropy]
        #expect(guesses?.outcome == .failed)
        #expect(guesses?.reason == "the model guesses")
        job.bounds.maximumEntropyShare = 0.75
        job.bounds.minimumEntropy = entropy + 0.1
        let stuck = SmokeTest.run(job)[.entropy]
        #expect(stuck?.outcome == .failed)
        #expect(stuck?.reason.contains("sure of one token") == true)
    }

    @Test func swappedLayersAreSeenAgainstTheBase() throws {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.swapLayers(1, 3)
        // A bound on the mean that would let it pass.
        var job = BehaviourJob.make(model.path, .base, maximumMeanNLL: 100)
        job.base = .init(name: "sample/base@1", folder: Fixtures.path("gemma3-trained"))
        // Weights of a merge may be far from any one base's; its language may not.
        job.card.relation = "merge"
        let report = SmokeTest.run(job)
        #expect(report[.meanNLLAgainstBase]?.outcome == .failed, "\(report.checks)")
        #expect(report[.meanNLLAgainstBase]?.reason.contains("with sample/base@1") == true)
        #expect(report[.divergenceFromOriginal]?.outcome == .notApplicable)
        #expect(report[.entropy]?.outcome == .warned)
    }

    @Test func aQuantisationFarFromItsOriginalFails() throws {
        let path = Fixtures.models.deletingLastPathComponent().appending(path: "GGUF/gemma3-trained-q4_0.gguf").path
        var job = BehaviourJob.make(path, .base)
        job.base = .init(name: "sample/base@1", folder: Fixtures.path("gemma3-trained"))
        job.card.relation = "quantized"
        let measured = try #require(SmokeTest.run(job).measurements["divergence"])
        job.bounds.warnDivergence4Bit = measured / 4
        #expect(SmokeTest.run(job)[.divergenceFromOriginal]?.outcome == .warned)
        job.bounds.warnDivergence4Bit = measured / 6
        #expect(SmokeTest.run(job)[.divergenceFromOriginal]?.outcome == .failed)
        job.bounds.warnDivergence4Bit = 1
        job.bounds.warnSameTop4Bit = 0.99
        #expect(SmokeTest.run(job)[.divergenceFromOriginal]?.outcome != .passed)
    }

    @Test(arguments: [("gemma3-trained-q8_0", "Q8_0", 0.01), ("gemma3-trained-q4_0", "Q4_0", 0.15)])
    func aSoundQuantisationStaysWithinItsTypesBound(file: String, type: String, bound: Double) throws {
        let path = Fixtures.models.deletingLastPathComponent().appending(path: "GGUF/\(file).gguf").path
        var job = BehaviourJob.make(path, .base)
        job.base = .init(name: "sample/base@1", folder: Fixtures.path("gemma3-trained"))
        job.card.relation = "quantized"
        let report = SmokeTest.run(job), check = try #require(report[.divergenceFromOriginal])
        #expect(check.outcome == .passed, "\(check)")
        #expect(check.bound.hasPrefix("\(type): without warning at most \(bound) nats"))
        #expect(try #require(report.measurements["divergence"]) < bound)
    }

    @Test func aBaseThatCannotBeComparedWithWarns() throws {
        var job = BehaviourJob.make(Fixtures.path("gemma3-trained"), .base)
        job.base = .init(name: "sample/other@1", folder: Fixtures.path("gemma4-trained"))
        let other = SmokeTest.run(job)[.meanNLLAgainstBase]
        #expect(other == nil || other?.outcome != .passed, "\(String(describing: other))")
        job.base = .init(name: "sample/gone@1", folder: "/nonexistent")
        let gone = SmokeTest.run(job)[.meanNLLAgainstBase]
        #expect(gone == nil || gone?.outcome != .passed)
    }

    @Test func fullAsksMoreAndTheSameInOtherWays() throws {
        var job = BehaviourJob.make(Fixtures.path("gemma3-trained"), .base, depth: .full)
        job.probes.texts.append(.init(language: "de", text: "Das Meer war ruhig.", depth: .full))
        job.probes.prompts.append(.init(language: "de", prompt: "Das", maximumTokens: 4, depth: .full))
        let full = SmokeTest.run(job)
        #expect(full.texts.count == 2)
        #expect(full.measurements["meanNLL.de"] != nil)
        #expect(full[.deterministic]?.value == "3 of 3 the same")
        #expect(full[.deterministic]?.reason.contains("on one thread") == true)
        // Its sliding window is 8 tokens.
        #expect(full[.deterministic]?.reason.contains("continued by 4, and read anew as one text") == true)
        job.depth = .quick
        let quick = SmokeTest.run(job)
        #expect(quick.texts.count == 1)
        #expect(quick.measurements["meanNLL.de"] == nil)
        #expect(quick[.deterministic]?.value == "1 of 1 the same")
    }

    @Test func aSlowModelWarns() throws {
        var job = BehaviourJob.make(Fixtures.path("gemma3-trained"), .base)
        job.bounds.warnTokensPerSecond = 1e9
        #expect(SmokeTest.run(job)[.speed]?.outcome == .warned)
    }

    /// Random weights predict nothing, so the mean may be what it is; nothing else may speak against them.
    @Test(arguments: Fixtures.all, [ModelClass.base, .instruct])
    func noHealthyFixtureFails(name: String, modelClass: ModelClass) throws {
        let files = try Fixtures.files(name)
        let hasTemplate = files["chat_template.jinja"] != nil || name != "gemma4-trained"
        guard modelClass == .base || hasTemplate else { return }
        let golden = try Fixtures.golden(name)
        var job = BehaviourJob.make(Fixtures.path(name), modelClass, maximumMeanNLL: 40, depth: .full)
        job.probes.texts[0].text = golden.nllText
        job.probes.prompts[0] = .init(language: "en", prompt: golden.prompt, maximumTokens: 8)
        job.probes.chats = [.init(language: "en", prompt: "Count the boats.", maximumTokens: 8)]
        job.bounds.maximumEntropyShare = 1
        job.bounds.minimumEntropy = 0
        let report = SmokeTest.run(job)
        #expect(
            report.verdict == .passed || report.verdict == .warned, "\(report.checks.filter { $0.outcome != .passed })")
    }
}
