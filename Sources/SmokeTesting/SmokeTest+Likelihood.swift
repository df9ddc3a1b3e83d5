import Foundation
import GemmaInference
import ModelFormats
import RegistryCore

/// How well the model predicts the probe set's texts, and how sure it is.
extension SmokeTest {
    mutating func checkLikelihood(_ run: ProbeRun, _ task: ProbeTask) {
        let bounds = job.bounds
        let overall = mean(run.readings.map(\.negativeLogLikelihoods))
        var byLanguage: [(language: String, mean: Double)] = []
        for language in task.texts.map(\.language).firsts {
            let own = zip(task.texts, run.readings).filter { $0.0.language == language }
            let value = mean(own.map(\.1.negativeLogLikelihoods))
            byLanguage.append((language, value))
            // JSON has no NaN; the check's value shows one as text.
            if value.isFinite { measurements["meanNLL.\(printable(language))"] = value }
        }
        if overall.isFinite { measurements["meanNLL"] = overall }
        let worst = byLanguage.max { !($1.mean <= $0.mean) }
        // Written so that NaN fails.
        let outcome: SmokeTestReport.Outcome =
            !(overall <= bounds.maximumMeanNLL)
            ? .failed
            : overall > bounds.warnMeanNLL || worst.map { !($0.mean <= bounds.maximumMeanNLL) } ?? true
                ? .warned : .passed
        let count = run.readings.reduce(0) { $0 + $1.negativeLogLikelihoods.count }
        let judgement =
            !overall.isFinite
            ? "it is \(overall.isNaN ? "NaN" : "infinite"), so the arithmetic broke down"
            : outcome == .failed
                ? "the model does not know text that a sound one predicts"
                : byLanguage.count > 1
                    ? "worst in \(printable(worst?.language ?? "")), \(shown(worst?.mean ?? .nan))" : "lower is better"
        record(
            .meanNLL, outcome, value: shown(overall),
            bound: "at most \(bounds.maximumMeanNLL)"
                + (bounds.warnMeanNLL < bounds.maximumMeanNLL ? ", without warning at most \(bounds.warnMeanNLL)" : ""),
            reason: "mean of \(count) predictions over \(task.texts.count) texts; \(judgement)")
    }

    mutating func checkEntropy(_ run: ProbeRun, _ task: ProbeTask, _ base: BaseComparison) {
        let bounds = job.bounds
        let entropy = mean(run.readings.map(\.entropies))
        let vocabulary = run.readings.first?.lastLogits.count ?? 0
        let greatest = bounds.maximumEntropyShare * log(Double(max(2, vocabulary)))
        if entropy.isFinite { measurements["entropy"] = entropy }
        let bound =
            "\(bounds.minimumEntropy) to \(shown(greatest)), \(bounds.maximumEntropyShare) of guessing evenly"
            + "; within \(bounds.warnEntropyFromBase) of the base model's"
        let value = shown(entropy)
        guard entropy >= bounds.minimumEntropy, entropy <= greatest else {
            record(
                .entropy, .failed, value: value, bound: bound,
                reason: entropy > greatest ? "the model guesses" : "the model is sure of one token whatever it reads")
            return
        }
        if case .measured(let measured) = base, let theirs = measured.entropy {
            let distance = abs(entropy - theirs), isFar = !(distance <= bounds.warnEntropyFromBase)
            record(
                .entropy, isFar ? .warned : .passed, value: value, bound: bound,
                reason: "the base model's is \(shown(theirs)) on the same tokens"
                    + (isFar ? ": training changes it, and so does damage" : ""))
        } else {
            record(
                .entropy, .passed, value: value, bound: bound,
                reason: "mean in nats over the positions of \(task.texts.count) texts")
        }
    }

    /// The mean over all numbers of all lists; NaN when there are none.
    func mean(_ lists: [[Double]]) -> Double {
        let all = lists.joined()
        return all.reduce(0, +) / Double(all.count)
    }
}

extension Sequence where Element: Hashable {
    /// Each element once, in order.
    var firsts: [Element] {
        var seen = Set<Element>()
        return filter { seen.insert($0).inserted }
    }
}
