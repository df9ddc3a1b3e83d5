/// What a smoke test asks of a model. The sample policies carry one per kind of model, because a bound on the mean
/// negative log-likelihood means something only for a given text: about 1.0 for a tiny model on its own training text,
/// and for real Gemmas on plain English below 5.3 (a perplexity of 200) where a broken one is near ln V = 12.5.
package struct SmokeTestProbe: Codable, Equatable, Sendable {
    /// The text that is scored.
    package var text: String
    /// Above this mean negative log-likelihood, in nats per token, the model fails.
    package var maximumMeanNLL: Double
    /// Above this it passes with a warning.
    package var warnMeanNLL: Double?
    /// The text that is continued, twice.
    package var prompt: String
    /// How many tokens are generated.
    package var maxTokens: Int

    package init(text: String, maximumMeanNLL: Double, warnMeanNLL: Double? = nil, prompt: String, maxTokens: Int) {
        self.text = text
        self.maximumMeanNLL = maximumMeanNLL
        self.warnMeanNLL = warnMeanNLL
        self.prompt = prompt
        self.maxTokens = maxTokens
    }
}

/// The outcome of one run of a model on this machine.
package struct SmokeTestReport: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable { case passed, warned, failed, unsupported }

    package enum Outcome: String, Codable, Sendable { case passed, warned, failed, unsupported, skipped }

    /// The checks in the order in which they run, cheap ones first. The raw values are a contract.
    package enum CheckName: String, Codable, CaseIterable, Sendable {
        case tensorsPresentAndShaped = "tensors-present-and-shaped"
        case tokenizerRoundTrip = "tokenizer-round-trip"
        case noNaNOrInf = "no-nan-or-inf"
        case noAllZeroMatrix = "no-all-zero-matrix"
        case finiteLogits = "finite-logits"
        case meanNLL = "mean-nll"
        case noDegenerateRepetition = "no-degenerate-repetition"
        case deterministic
    }

    package struct Check: Codable, Equatable, Sendable {
        package let name: CheckName
        package let outcome: Outcome
        /// What was measured, empty when nothing was.
        package let value: String
        /// What was allowed.
        package let bound: String
        /// For a person: what was found where, or why the check did not run.
        package let reason: String
    }

    package let verdict: Verdict
    package let checks: [Check]
    package let modelType: String?
    package let generatedText: String?
    package let generatedTokens: [Int]
    package let meanNLL: Double?
    package let seconds: Double
    /// The largest resident set of the testing process, mapped weights included.
    package let peakMemoryBytes: Int
    /// Which build of the tester came to this verdict, as its caller names it.
    package let testerBuild: String

    package subscript(_ name: CheckName) -> Check? { checks.first { $0.name == name } }
}
