/// What a smoke test allows; every number comes from the policy, whose file states where it comes from.
package struct SmokeTestBounds: Codable, Equatable, Sendable {
    /// Mean negative log-likelihood in nats per token: above it the test fails.
    package var maximumMeanNLL: Double
    /// Above it the test warns.
    package var warnMeanNLL: Double?
    /// Nats that a variant's mean may lie above its base model's.
    package var maximumMeanNLLAboveBase: Double = 1.0
    /// Mean entropy of the predictions, in nats: below it the model is stuck.
    package var minimumEntropy: Double = 0.05
    /// Mean entropy as a part of ln(vocabulary): above it the model guesses.
    package var maximumEntropyShare: Double = 0.75
    /// A larger number in a matrix is suspicious (warns).
    package var warnMagnitude: Double = 1e4
    /// Part of the 4-token windows of a generated text that may be repeated (warns above).
    package var warnRepeatedWindows: Double = 0.8
    /// Part of a generated text that one token may be (warns above).
    package var warnCommonestToken: Double = 0.6
    /// Tokens a second below which the test warns; 0 asks for none.
    package var warnTokensPerSecond: Double = 0

    package init(maximumMeanNLL: Double, warnMeanNLL: Double? = nil) {
        self.maximumMeanNLL = maximumMeanNLL
        self.warnMeanNLL = warnMeanNLL
    }
}
