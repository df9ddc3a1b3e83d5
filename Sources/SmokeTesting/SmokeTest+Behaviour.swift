import GemmaInference
import ModelFormats
import RegistryCore

extension SmokeTest {
    /// One scored pass over the probe's text, then the prompt continued twice.
    mutating func checkForwardPass(_ loaded: LoadedModel, _ tokenizer: Tokenizer) throws {
        let context = loaded.configuration.contextLength
        let probe = job.probes.prompts.first
        let text = Array(tokenizer.encodeWithBeginning(job.probes.texts.first?.text ?? "").prefix(context))
        let prompt = Array(tokenizer.encodeWithBeginning(probe?.prompt ?? "").prefix(context))
        guard text.count >= 2, !prompt.isEmpty, let probe, probe.maximumTokens >= 1 else {
            record(
                .finiteLogits, .failed, bound: "a probe with a text, a prompt and at least 1 token to generate",
                reason: "the probe's text gives \(text.count) tokens and its prompt \(prompt.count)")
            return
        }
        let wanted = min(probe.maximumTokens, context - prompt.count + 1)
        let run = TextRun(try loaded.makeModel(capacity: max(text.count, min(context, prompt.count + wanted))))
        progress(.finiteLogits, 0)
        let scored = run.read(text, scores: true)
        guard checkFinite(scored, positions: text.count) else { return }
        // JSON has no NaN; checkLikelihood shows one as text.
        measurements["meanNLL"] = scored.meanNLL.flatMap { $0.isFinite ? $0 : nil }

        progress(.noDegenerateRepetition, 0)
        let stops = loaded.configuration.endOfSequence
        let first = run.read(prompt, scores: false)
        let tokens = run.generate(wanted, after: first, stops: stops)
        texts.append(
            .init(
                language: probe.language, prompt: probe.prompt, text: tokenizer.decode(tokens, skipsSpecial: true),
                tokens: tokens, endsItself: tokens.last.map(stops.contains) ?? false))
        progress(.deterministic, 0)
        let second = run.read(prompt, scores: false)
        let again = run.generate(wanted, after: second, stops: stops)

        checkLikelihood(scored)
        checkRepetition(tokens, tokenizer)
        let sameLogits = zip(first.lastLogits, second.lastLogits).allSatisfy { $0.bitPattern == $1.bitPattern }
        let agreeing = zip(tokens, again).prefix { $0 == $1 }.count
        record(
            .deterministic, tokens == again && sameLogits ? .passed : .failed,
            value: "\(agreeing) of \(tokens.count) tokens, logits \(sameLogits ? "equal" : "different")",
            bound: "the same tokens and bit-equal logits in two runs",
            reason: tokens == again ? "the prompt was continued twice" : "the runs part at token \(agreeing + 1)")
    }

    private mutating func checkFinite(_ reading: TextRun.Reading, positions: Int) -> Bool {
        let bound = "every logit finite, and not all the same"
        if let position = reading.firstNonFinitePosition {
            record(
                .finiteLogits, .failed, value: "\(reading.nonFiniteLogits) not finite", bound: bound,
                reason: "the first at position \(position) of the probe's text")
            return false
        }
        let low = reading.lastLogits.min() ?? 0, high = reading.lastLogits.max() ?? 0
        guard high - low > 1e-3 else {
            record(
                .finiteLogits, .failed, value: "all within \(high - low)", bound: bound,
                reason: "the model says the same of every token")
            return false
        }
        record(
            .finiteLogits, .passed, value: "0 not finite, \(low) to \(high) at the last position", bound: bound,
            reason: "\(positions) positions of the probe's text, largest magnitude \(reading.largestLogit)")
        return true
    }

    private mutating func checkLikelihood(_ reading: TextRun.Reading) {
        let mean = reading.meanNLL ?? .infinity
        let bound =
            "at most \(job.bounds.maximumMeanNLL)"
            + (job.bounds.warnMeanNLL.map { ", without warning at most \($0)" } ?? "")
        // Written so that NaN fails.
        let outcome: SmokeTestReport.Outcome =
            !(mean <= job.bounds.maximumMeanNLL)
            ? .failed : mean > job.bounds.warnMeanNLL ?? .infinity ? .warned : .passed
        let judgement =
            !mean.isFinite
            ? "it is \(mean.isNaN ? "NaN" : "infinite"), so the arithmetic broke down"
            : outcome == .failed ? "the model does not know text that a sound one predicts" : "lower is better"
        record(
            .meanNLL, outcome, value: "\((mean * 10_000).rounded() / 10_000)", bound: bound,
            reason: "mean of \(reading.negativeLogLikelihoods.count) predictions over the probe's text; \(judgement)")
    }

    /// Loops occur in good base models too, so this warns and never fails alone; that a loop comes from broken weights
    /// shows in mean-nll.
    private mutating func checkRepetition(_ tokens: [Int], _ tokenizer: Tokenizer) {
        let bound = "at most 0.8 of the 4-token windows repeated, no token above 0.6"
        guard tokens.count >= 8 else {
            record(
                .noDegenerateRepetition, .passed, value: "\(tokens.count) tokens", bound: bound,
                reason: "the text ended itself too early to judge")
            return
        }
        let windows = (0...(tokens.count - 4)).map { Array(tokens[$0..<($0 + 4)]) }
        let repeated = 1 - Double(Set(windows).count) / Double(windows.count)
        let counts = Dictionary(tokens.map { ($0, 1) }, uniquingKeysWith: +)
        let commonest = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
        let share = Double(commonest?.value ?? 0) / Double(tokens.count)
        let stray = tokens.first { tokenizer.piece($0) == nil }
        let value = "\(rounded(repeated)) repeated, commonest token \(rounded(share))"
        if let stray {
            record(
                .noDegenerateRepetition, .warned, value: value, bound: bound,
                reason: "token \(stray) was generated, which the tokenizer has no piece for")
        } else if repeated > 0.8 || share > 0.6 {
            record(
                .noDegenerateRepetition, .warned, value: value, bound: bound,
                reason: "the continuation loops, most often on token \(commonest?.key ?? 0)")
        } else {
            record(
                .noDegenerateRepetition, .passed, value: value, bound: bound,
                reason: "\(tokens.count) tokens generated greedily")
        }
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
