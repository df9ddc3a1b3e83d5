import ModelFormats
import RegistryCore

/// What the model wrote.
extension SmokeTest {
    mutating func checkAnswers(_ run: ProbeRun, _ task: ProbeTask, _ tokenizer: Tokenizer) {
        let pairs = Array(zip(task.questions, run.answers))
        for (question, answer) in pairs {
            texts.append(
                .init(
                    language: question.probe.language, prompt: question.probe.prompt,
                    text: tokenizer.decode(answer.tokens, skipsSpecial: true), tokens: answer.tokens,
                    endsItself: answer.tokens.last.map(task.stops.contains) ?? false))
        }
        let written = texts.suffix(pairs.count)
        checkRightAnswers(zip(pairs.map(\.0.probe), written.map(\.text)).map { ($0, $1) })
        checkRepetition(run.answers.map(\.tokens), tokenizer)
        checkStop(written.count(where: \.endsItself), of: written.count, task)
    }

    private mutating func checkRightAnswers(_ answers: [(probe: ProbeSet.Prompt, text: String)]) {
        let asked = answers.filter { !$0.probe.expected.isEmpty }
        let (least, warn) = (job.bounds.minimumRightAnswers, job.bounds.warnRightAnswers)
        let bound = "at least \(least) of the answers right, without warning \(max(least, warn))"
        guard !asked.isEmpty else {
            record(
                .rightAnswer, .notApplicable, bound: bound,
                reason: "the probe set \(printable(job.probes.name)) expects no certain answer at this depth")
            return
        }
        let wrong = asked.filter { probe, text in
            let text = Array(text.lowercased().utf8)
            return !probe.expected.contains { text.contains(Array($0.lowercased().utf8)) }
        }
        let share = Double(asked.count - wrong.count) / Double(asked.count)
        measurements["rightAnswers"] = share
        record(
            .rightAnswer, share < least ? .failed : share < warn ? .warned : .passed,
            value: "\(asked.count - wrong.count) of \(asked.count)", bound: bound,
            reason: wrong.first.map { probe, text in
                "asked \"\(printable(probe.prompt, limit: 80))\" it wrote \"\(printable(text, limit: 80))\", and "
                    + "\"\(printable(probe.expected.joined(separator: "\" or \""), limit: 80))\" was expected"
            } ?? "every answer holds what was expected")
    }

    /// Loops occur in good base models too, so this warns and never fails alone; that a loop comes from broken weights
    /// shows in mean-nll.
    private mutating func checkRepetition(_ answers: [[Int]], _ tokenizer: Tokenizer) {
        let bounds = job.bounds
        let bound =
            "at most \(bounds.warnRepeatedWindows) of the 4-token windows repeated, no token above "
            + "\(bounds.warnCommonestToken)"
        let judged = answers.filter { $0.count >= 8 }.map(Repetition.init)
        if let stray = answers.joined().first(where: { tokenizer.piece($0) == nil }) {
            record(
                .noDegenerateRepetition, .warned, bound: bound,
                reason: "token \(stray) was generated, which the tokenizer has no piece for")
            return
        }
        guard let worst = judged.max(by: { max($0.windows, $0.share) < max($1.windows, $1.share) }) else {
            record(
                .noDegenerateRepetition, .passed, value: "\(answers.map(\.count).max() ?? 0) tokens", bound: bound,
                reason: "every text is too short to judge")
            return
        }
        measurements["repeatedWindows"] = judged.map(\.windows).max()
        let loops = worst.windows > bounds.warnRepeatedWindows || worst.share > bounds.warnCommonestToken
        record(
            .noDegenerateRepetition, loops ? .warned : .passed,
            value: "\(shown(worst.windows, 3)) repeated, commonest token \(shown(worst.share, 3))", bound: bound,
            reason: loops
                ? "a text loops, most often on token \(worst.commonest)" : "the worst of \(judged.count) greedy texts")
    }

    private mutating func checkStop(_ ended: Int, of count: Int, _ task: ProbeTask) {
        let bound = "at least one answer ends itself"
        guard task.isChat else {
            record(
                .stopToken, .notApplicable, bound: bound,
                reason: modelClass == .instruct
                    ? "the probe set \(printable(job.probes.name)) has no chats, so nobody's turn was to end"
                    : "plain text has no natural end")
            return
        }
        let longest = task.questions.map(\.probe.maximumTokens).max() ?? 0
        record(
            .stopToken, ended > 0 ? .passed : .warned, value: "\(ended) of \(count)", bound: bound,
            reason: ended > 0
                ? "an answer ends with a token of eos_token_id"
                : "no answer ended within \(longest) tokens: the template, eos_token_id or the training is wrong")
    }
}

/// How often a text says the same again.
private struct Repetition {
    /// Part of the 4-token windows that occurred before.
    let windows: Double
    let commonest: Int
    /// Part of the tokens that are the commonest one.
    let share: Double

    /// - Parameter tokens: at least 4.
    init(_ tokens: [Int]) {
        let all = (0...(tokens.count - 4)).map { Array(tokens[$0..<($0 + 4)]) }
        windows = 1 - Double(Set(all).count) / Double(all.count)
        let counts = Dictionary(tokens.map { ($0, 1) }, uniquingKeysWith: +)
        let most = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
        commonest = most?.key ?? 0
        share = Double(most?.value ?? 0) / Double(tokens.count)
    }
}
