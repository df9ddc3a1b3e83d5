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
    package var maximumEntropyShare: Double = 0.85
    /// A larger number in a matrix is suspicious (warns): a corrupt OPT-175B shard held values of 1e3 to 5e4
    /// (facebookresearch/metaseq issue 122).
    package var warnMagnitude: Double = 1e4
    /// A larger number in any weight of the text model fails: 20 times the worst of that shard, while one flipped high
    /// bit of a BF16 exponent makes 1e36.
    package var maximumMagnitude: Double = 1e6
    /// A number so many times its matrix's typical row (median of the rows' root mean squares) warns. Healthy fixtures
    /// reach 6; outliers of large models are some tens to a few hundred.
    package var warnSpike: Double = 500
    /// Above it, it fails: a flipped high bit of an F16 exponent multiplies by 65536.
    package var maximumSpike: Double = 20_000
    /// A layer whose matrix is so many times larger or smaller than the median layer's warns; healthy fixtures stay
    /// below 2, and matrices before a norm may drift.
    package var warnLayerRatio: Double = 30
    /// Above it, it fails: FP8 codes taken without their scales are some 5000 times too large.
    package var maximumLayerRatio: Double = 300
    /// Part of all norm factors that may be below 0 (warns above). A factor that changes signs is rare in training; norms
    /// of about 1 from which 1 was taken once too often have it in half of them. Random fixtures reach 0.13.
    package var warnNegativeNorms: Double = 0.25
    /// Part of a needed quantised matrix that may be exact zeros (warns above), and a tenth of it for one that is stored
    /// plainly: trained weights are dense, and rounding to 2 bits makes zeros of a third.
    package var warnZeroPart: Double = 0.5
    /// Cosine between a tensor and its base model's: below it a fine-tune warns. Fine-tunes stay above 0.9 as a rule.
    package var warnBaseCosine: Double = 0.9
    /// Below it, it fails: two unrelated or exchanged tensors have a cosine of about 0.
    package var minimumBaseCosine: Double = 0.5
    /// How many times larger or smaller than its base model's a fine-tune's matrix may be before it warns: weights decay or
    /// grow by a few percent.
    package var warnBaseScale: Double = 1.25
    /// Above it, it fails: scales that are lost, or applied twice, are factors of 2 and more.
    package var maximumBaseScale: Double = 1.75
    /// What a quantised tensor's distance from the original may be, as a multiple of its type's usual error (see
    /// `StorageError`); above it warns. Heavy tails reach 1.3 with Q4_0.
    package var warnStorageErrors: Double = 2
    /// Above so many of them, and a tenth of the tensor, it fails; weights that were trained for their type lie between.
    package var maximumStorageErrors: Double = 4
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

    /// An adapter's change of one tensor as a part of the tensor's own length: above it the test warns.
    package var warnAdapterUpdate: Double = 0.5
    /// Above it the test fails.
    package var maximumAdapterUpdate: Double = 2
    /// How much of its own update an adapter may find in the base already; 1 is a base that it was merged into.
    package var maximumAdapterShareInBase: Double = 0.5
    /// The least change of any logit that shows that an adapter does something.
    package var minimumAdapterEffect: Double = 1e-3
    /// Cosine that a sentence must lie nearer to one that means the same than to another.
    package var minimumSimilarityMargin: Double = 0
    /// Below it the test warns.
    package var warnSimilarityMargin: Double = 0.05

    package init(maximumMeanNLL: Double, warnMeanNLL: Double? = nil) {
        self.maximumMeanNLL = maximumMeanNLL
        self.warnMeanNLL = warnMeanNLL ?? maximumMeanNLL
    }
}
