/// What a smoke test allows; every number comes from the policy, whose file states where it comes from.
package struct SmokeTestBounds: Codable, Equatable, Sendable {
    /// Mean negative log-likelihood in nats per token: above it the test fails.
    package var maximumMeanNLL: Double
    /// Above it the test warns; the maximum where nothing is to warn.
    package var warnMeanNLL: Double
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
    /// Nats that the mean entropy may be away from the base model's (warns above).
    package var warnEntropyFromBase: Double = 0.5
    /// Part of the answers that must hold what is expected: below it the test fails.
    package var minimumRightAnswers: Double = 0
    /// Below it the test warns.
    package var warnRightAnswers: Double = 1

    /// What a quantised model may lose against its original before the test warns, by the bits in which the bulk of its
    /// numbers is stored: mean KL divergence in nats a token, and part of the positions at which both think the same
    /// token likeliest. Q8_0 and FP8 are 8 bits, Q4_0, Q4_K, NF4, GPTQ and AWQ of 4 bits are 4, and so on.
    package var warnDivergence16Bit: Double = 0.001
    package var warnDivergence8Bit: Double = 0.01
    package var warnDivergence6Bit: Double = 0.02
    package var warnDivergence5Bit: Double = 0.05
    package var warnDivergence4Bit: Double = 0.15
    package var warnDivergence3Bit: Double = 0.4
    package var warnDivergence2Bit: Double = 1.0
    package var warnSameTop16Bit: Double = 0.99
    package var warnSameTop8Bit: Double = 0.97
    package var warnSameTop6Bit: Double = 0.95
    package var warnSameTop5Bit: Double = 0.93
    package var warnSameTop4Bit: Double = 0.88
    package var warnSameTop3Bit: Double = 0.80
    package var warnSameTop2Bit: Double = 0.65
    /// So many times as far from the original fails.
    package var failDivergenceFactor: Double = 5

    package init(maximumMeanNLL: Double, warnMeanNLL: Double? = nil) {
        self.maximumMeanNLL = maximumMeanNLL
        self.warnMeanNLL = warnMeanNLL ?? maximumMeanNLL
    }
}
