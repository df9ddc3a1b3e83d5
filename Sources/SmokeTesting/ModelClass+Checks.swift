import RegistryCore

extension ModelClass {
    /// Why models of this class are not asked this; nil where they are.
    func reasonAgainst(_ check: SmokeTestReport.CheckName) -> String? {
        switch check {
        case .structure, .shardIndex, .tensorsPresentAndShaped, .noNaNOrInf, .noAllZeroMatrix: nil
        case .adapterBase, .adapterUpdate, .adapterEffect:
            self == .adapter ? nil : "only adapters are run on another model"
        case .embeddingVectors, .similarityOrder:
            self == .embedding ? nil : "only embedding models answer with vectors"
        default: reasonAgainst(ofLanguageModels: check)
        }
    }

    /// The same of a check that language models are asked.
    private func reasonAgainst(ofLanguageModels check: SmokeTestReport.CheckName) -> String? {
        switch self {
        case .instruct, .base: nil
        case .adapter: Self.ofWholeModels[check]
        case .embedding: Self.ofTextModels.contains(check) ? nil : "it answers with vectors, not with tokens"
        case .drafter:
            Self.ofValues.contains(check) ? nil : "a drafter needs its target's keys and values to propose anything"
        case .tower:
            Self.ofValues.contains(check)
                ? "the tensors of an encoder are looked at one by one"
                : "an encoder for images or sound reads no text and writes none"
        }
    }

    /// What an adapter has no part in.
    private static let ofWholeModels: [SmokeTestReport.CheckName: String] = {
        let own = "an adapter has none of its own"
        let base = "it is its base's, which is tested by itself"
        let values = "an adapter's values are judged by adapter-update"
        return [
            .configurationAgainstBase: own, .tokenizerAgainstBase: own, .chatTemplate: base, .specialTokens: base,
            .noConstantTensor: values, .noDuplicateTensors: values, .weightStatistics: values,
            .weightsAgainstBase: values,
        ]
    }()

    private static let ofValues: Set<SmokeTestReport.CheckName> = [
        .noConstantTensor, .noDuplicateTensors, .weightStatistics,
    ]
    private static let ofTextModels = ofValues.union([
        .tokenizerSize, .tokenizerRoundTrip, .specialTokens, .deterministic,
    ])
}
