package import RegistryCore

/// The outcome of one run of a model on this machine.
package struct SmokeTestReport: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable { case passed, warned, failed, unsupported }

    package enum Outcome: String, Codable, Sendable {
        case passed, warned, failed, unsupported
        /// A check before it failed.
        case skipped
        /// Models of this class have no such thing, or nothing is here to compare with; the reason says which.
        case notApplicable = "not-applicable"
    }

    /// The checks in the order in which they run, cheap ones first. The raw values are a contract.
    package enum CheckName: String, Codable, CaseIterable, Sendable {
        /// Formats, headers and configuration, as the inspection reads them.
        case structure
        case shardIndex = "shard-index"
        /// An adapter's base is here, and is the one that it names.
        case adapterBase = "adapter-base"
        case tensorsPresentAndShaped = "tensors-present-and-shaped"
        case configurationAgainstBase = "configuration-against-base"
        case tokenizerSize = "tokenizer-size"
        case tokenizerRoundTrip = "tokenizer-round-trip"
        case tokenizerAgainstBase = "tokenizer-against-base"
        case specialTokens = "special-tokens"
        case chatTemplate = "chat-template"
        case noNaNOrInf = "no-nan-or-inf"
        case noAllZeroMatrix = "no-all-zero-matrix"
        case noConstantTensor = "no-constant-tensor"
        case noDuplicateTensors = "no-duplicate-tensors"
        case weightStatistics = "weight-statistics"
        case weightsAgainstBase = "weights-against-base"
        /// How large an adapter's changes are, and that the base does not hold them already.
        case adapterUpdate = "adapter-update"
        case finiteLogits = "finite-logits"
        case entropy
        case meanNLL = "mean-nll"
        case meanNLLAgainstBase = "mean-nll-against-base"
        case divergenceFromOriginal = "divergence-from-original"
        case rightAnswer = "right-answer"
        case noDegenerateRepetition = "no-degenerate-repetition"
        case stopToken = "stop-token"
        /// An adapter's output differs from its base's.
        case adapterEffect = "adapter-effect"
        /// Vectors are finite, of the declared size and length, and not all the same.
        case embeddingVectors = "embedding-vectors"
        /// Sentences lie nearer to those that mean the same.
        case similarityOrder = "similarity-order"
        case deterministic
        case speed
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

    /// Something that the model wrote during the test.
    package struct GeneratedText: Codable, Equatable, Sendable {
        package var language: String
        /// As the operator wrote it, not as the template rendered it.
        package var prompt: String
        package var text: String
        package var tokens: [Int]
        /// Whether a token of `eos_token_id` ended it.
        package var endsItself: Bool

        package init(language: String, prompt: String, text: String, tokens: [Int], endsItself: Bool) {
            self.language = language
            self.prompt = prompt
            self.text = text
            self.tokens = tokens
            self.endsItself = endsItself
        }
    }

    package let verdict: Verdict
    /// What the model was taken for, and why.
    package let modelClass: ModelClass?
    package let classReason: String
    package let checks: [Check]
    package let modelType: String?
    package let texts: [GeneratedText]
    /// Numbers by name, e.g. `meanNLL`, `meanNLL.de`, `entropy`, `tokensPerSecond`: what is compared between two models.
    package let measurements: [String: Double]
    package let seconds: Double
    /// The largest resident set of the testing process, mapped weights included.
    package let peakMemoryBytes: Int
    /// Which build of the tester came to this verdict, as its caller names it.
    package let testerBuild: String

    package subscript(_ name: CheckName) -> Check? { checks.first { $0.name == name } }

    package var meanNLL: Double? { measurements["meanNLL"] }
}
