import RegistryCore
import SmokeTesting

/// A job for the trained tiny Gemmas, which know nothing but their corpus.
enum BehaviourJob {
    static let text =
        "A model is a long list of numbers. You read the list from a file, you multiply it with another list, and in the "
        + "end you have a score for each word"
    static let prompt = "The old harbour woke before the sun did. A boy carried a lamp along the wall and counted"

    static func make(
        _ model: String, _ modelClass: ModelClass, maximumMeanNLL: Double = 2.5, depth: ProbeSet.Depth = .quick
    ) -> SmokeTestJob {
        SmokeTestJob(
            model: model, modelClass: modelClass, depth: depth,
            probes: ProbeSet(
                name: "test", texts: [.init(language: "en", text: text)],
                prompts: [.init(language: "en", prompt: prompt, expected: ["the boats"], maximumTokens: 16)]),
            bounds: SmokeTestBounds(maximumMeanNLL: maximumMeanNLL), testerBuild: "test")
    }
}
