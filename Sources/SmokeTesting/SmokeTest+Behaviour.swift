import GemmaInference
import ModelFormats
import RegistryCore

/// The model reads the probe set's texts and answers its questions.
extension SmokeTest {
    /// All checks that need the model to run, and the comparison with the base model where that is here.
    /// - Parameters:
    ///   - load: makes the model; called once, and its result is let go of before the base model is loaded.
    ///   - chat: the template through which it is asked; nil asks for continuations of plain text.
    mutating func checkForwardPass(
        _ load: @autoclosure () throws -> LoadedModel, _ tokenizer: Tokenizer, chat: ChatRendering?
    ) throws {
        let run: ProbeRun, task: ProbeTask, precision: StoredPrecision
        do {
            let loaded = try load()
            precision = StoredPrecision(of: loaded.tensors)
            guard let made = try makeTask(loaded, tokenizer, chat) else { return }
            task = made
            run = try self.run(task, on: loaded, keepsLogits: comparesLogits)
        }
        guard checkFinite(run, task) else { return }
        let base = compareWithBase(run, task)
        checkLikelihood(run, task)
        checkEntropy(run, task, base)
        checkAgainstBase(base, task)
        checkDivergence(base, precision)
        checkAnswers(run, task, tokenizer)
        checkDeterminism(run)
        checkSpeed(run)
    }

    /// The probe set's texts and questions of the depth asked for; nil where there is nothing to ask, which is a failure.
    private mutating func makeTask(
        _ loaded: LoadedModel, _ tokenizer: Tokenizer, _ chat: ChatRendering?
    ) throws -> ProbeTask? {
        let depth = job.depth, set = job.probes, context = loaded.configuration.contextLength
        let texts = set.texts.filter { $0.depth <= depth }.map { text in
            ProbeTask.Text(
                language: text.language, tokens: Array(tokenizer.encodeWithBeginning(text.text).prefix(context)))
        }
        let isChat = chat != nil && !set.chats.isEmpty
        let questions = try (isChat ? set.chats : set.prompts).filter { $0.depth <= depth }.map { probe in
            let tokens =
                try chat.flatMap { isChat ? try $0.tokens(asking: probe.prompt, tokenizer) : nil }
                ?? tokenizer.encodeWithBeginning(probe.prompt)
            return ProbeTask.Question(probe: probe, tokens: Array(tokens.prefix(context)))
        }
        let shortest = texts.map(\.tokens.count).min() ?? 0
        guard shortest >= 2, !questions.isEmpty, questions.allSatisfy({ $0.probe.maximumTokens >= 1 }) else {
            let least = texts.isEmpty ? "no text" : "a text of \(shortest) tokens"
            record(
                .finiteLogits, .failed,
                bound: "a probe set with texts of 2 tokens and more, and something to answer in 1 token and more",
                reason: "the set \(printable(set.name)) has \(least) and \(questions.count) prompts at depth \(depth)")
            return nil
        }
        return ProbeTask(
            texts: texts, questions: questions, isChat: isChat, depth: depth,
            stops: loaded.configuration.endOfSequence, context: context)
    }

    private mutating func checkFinite(_ run: ProbeRun, _ task: ProbeTask) -> Bool {
        let bound = "every logit finite, and not all the same"
        for (reading, text) in zip(run.readings, task.texts) {
            if let position = reading.firstNonFinitePosition {
                record(
                    .finiteLogits, .failed, value: "\(reading.nonFiniteLogits) not finite", bound: bound,
                    reason: "the first at position \(position) of the text in \(printable(text.language))")
                return false
            }
            let low = reading.lastLogits.min() ?? 0, high = reading.lastLogits.max() ?? 0
            guard high - low > 1e-3 else {
                record(
                    .finiteLogits, .failed, value: "all within \(high - low)", bound: bound,
                    reason: "the model says the same of every token")
                return false
            }
        }
        let positions = task.texts.reduce(0) { $0 + $1.tokens.count }
        let largest = run.readings.map(\.largestLogit).max() ?? 0
        measurements["largestLogit"] = Double(largest)
        record(
            .finiteLogits, .passed, value: "0 not finite, the largest magnitude is \(largest)", bound: bound,
            reason: "\(positions) positions of \(task.texts.count) texts")
        return true
    }

    private mutating func checkSpeed(_ run: ProbeRun) {
        let written = run.answers.reduce(0) { $0 + max(0, $1.tokens.count - 1) }
        let seconds = run.answers.reduce(0) { $0 + $1.writingSeconds }
        guard written > 0, seconds > 0 else {
            record(.speed, .notApplicable, bound: "", reason: "no answer has a second token to be timed")
            return
        }
        let speed = Double(written) / seconds, least = job.bounds.warnTokensPerSecond
        measurements["tokensPerSecond"] = speed
        record(
            .speed, speed < least ? .warned : .passed, value: "\(shown(speed, 1)) tokens a second",
            bound: least > 0 ? "without warning at least \(least)" : "none",
            reason: "\(written) tokens written in \(shown(seconds, 2)) s on this machine, now")
    }

    /// A number for a person.
    func shown(_ value: Double, _ decimals: Int = 4) -> String { Quantity.fixed(value, decimals) }
}
