import GemmaInference
import ModelFormats
import RegistryCore

/// The same question in other ways: again, on one thread, and without a cache.
extension SmokeTest {
    /// Tokens that a second answer has at `quick`: each costs a pass over the weights.
    private static let tokensAgain = 2

    /// Asks a question again, and at `full` on one thread and with everything read anew after each token.
    func askAgain(
        _ question: ProbeTask.Question, _ first: TextRun.Reading, _ tokens: [Int], _ task: ProbeTask, _ run: TextRun,
        _ loaded: LoadedModel, _ result: inout ProbeRun
    ) throws {
        progress(.deterministic, 0)
        let count = task.depth == .full ? question.probe.maximumTokens : min(Self.tokensAgain, tokens.count)
        let second = run.read(question.tokens, scores: false)
        let again = run.generate(count, after: second, stops: task.stops)
        result.repetitions.append("the first prompt and \(again.count) tokens after it")
        result.difference = difference(first.lastLogits, second.lastLogits, tokens, again)
        guard task.depth == .full, result.difference == nil else { return }

        progress(.deterministic, 0.3)
        let single = TextRun(try loaded.makeModel(capacity: question.tokens.count, workers: 1))
            .read(question.tokens, scores: false)
        result.repetitions.append("the prompt on one thread")
        if difference(first.lastLogits, single.lastLogits, [], []) != nil {
            result.difference = "one thread and several come to different logits"
            return
        }
        progress(.deterministic, 0.6)
        if let (text, count) = longText(task) { try recompute(text, count, loaded, &result) }
    }

    /// Continues a text that is longer than any window, then reads text and continuation from the start: the cached
    /// keys and values must have been those of the same text.
    private func recompute(_ text: [Int], _ count: Int, _ loaded: LoadedModel, _ result: inout ProbeRun) throws {
        let run = TextRun(try loaded.makeModel(capacity: text.count + count))
        let cached = run.generate(count + 1, after: run.read(text, scores: false), stops: [])
        let whole = run.read(text + cached.dropLast(), scores: false).lastLogits
        let fresh = whole.withUnsafeBufferPointer { run.likeliest($0) }
        result.repetitions.append("\(text.count) tokens continued by \(count), and read anew as one text")
        // Equal sums in another order: block and single token may differ by rounding, a wrong window by far more.
        if fresh != cached.last {
            result.difference =
                "after \(text.count + count) tokens a cached reading says token \(cached.last ?? -1), a fresh one \(fresh)"
        }
    }

    /// All texts in a row, cut to fit: longer than the window of the sliding layers where the texts suffice.
    private func longText(_ task: ProbeTask) -> (tokens: [Int], continuation: Int)? {
        let count = min(4, task.context - 2)
        guard count >= 1, let first = task.texts.first?.tokens.first else { return nil }
        let all = [first] + task.texts.flatMap { $0.tokens.dropFirst() }
        return (Array(all.prefix(min(Self.longestReading, task.context - count))), count)
    }

    /// Beyond the windows of all Gemmas (512 to 1,024, and 4,096 for Gemma 2).
    private static let longestReading = 4_400

    private func difference(_ first: [Float], _ second: [Float], _ tokens: [Int], _ again: [Int]) -> String? {
        guard first.count == second.count, zip(first, second).allSatisfy({ $0.bitPattern == $1.bitPattern }) else {
            return "the logits after the prompt differ"
        }
        return zip(tokens, again).enumerated().first { $1.0 != $1.1 }.map {
            "the answers part at token \($0.offset + 1)"
        }
    }

    mutating func checkDeterminism(_ run: ProbeRun) {
        record(
            .deterministic, run.difference == nil ? .passed : .failed,
            value: "\(run.repetitions.count - (run.difference == nil ? 0 : 1)) of \(run.repetitions.count) the same",
            bound: "the same tokens and bit-equal logits whenever the same is asked",
            reason: run.difference ?? "done twice: \(run.repetitions.joined(separator: "; "))")
    }
}
