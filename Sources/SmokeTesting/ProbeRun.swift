import GemmaInference
import ModelFormats
import RegistryCore

/// What a model has to read and to write, as tokens.
struct ProbeTask {
    struct Text {
        let language: String
        let tokens: [Int]
    }

    struct Question {
        let probe: ProbeSet.Prompt
        let tokens: [Int]
    }

    let texts: [Text]
    let questions: [Question]
    let isChat: Bool
    let depth: ProbeSet.Depth
    let stops: [Int]
    /// The longest text that the model was made for.
    let context: Int

    /// Room for the longest of them, and for what is written after it.
    var capacity: Int {
        let written = questions.map { $0.tokens.count + min($0.probe.maximumTokens, context - $0.tokens.count) }
        return min(context, max(texts.map(\.tokens.count).max() ?? 1, written.max() ?? 1))
    }
}

/// What came of a task on one model. Holds no part of the model, so that the next one has its memory.
struct ProbeRun {
    struct Answer {
        let tokens: [Int]
        /// Of reading the prompt, and of writing what follows the first token.
        let readingSeconds: Double
        let writingSeconds: Double
    }

    /// A reading of each text.
    var readings: [TextRun.Reading] = []
    var answers: [Answer] = []
    /// What differed when the first question was asked again; nil where nothing did.
    var difference: String?
    /// What was done twice, for a person.
    var repetitions: [String] = []
    /// Logits at the first positions of the texts, one after the other, for a comparison.
    var kept: [[Float]] = []

    var isFinite: Bool { readings.allSatisfy { $0.firstNonFinitePosition == nil } }
}

extension SmokeTest {
    /// What is kept for a comparison with the base: 256 positions of 262,144 tokens.
    private static let keptBytes = 256 << 20

    /// Runs a task. Stops after the texts when a logit is not finite: what follows would be noise.
    func run(_ task: ProbeTask, on loaded: LoadedModel, keepsLogits: Bool) throws -> ProbeRun {
        var result = ProbeRun()
        let run = TextRun(try loaded.makeModel(capacity: task.capacity))
        let room = keepsLogits ? Self.keptBytes / max(1, 4 * loaded.configuration.vocabularySize) : 0
        for (index, text) in task.texts.enumerated() {
            progress(.finiteLogits, Double(index) / Double(task.texts.count))
            let reading = run.read(text.tokens, scores: true) { _, logits in
                if result.kept.count < room { result.kept.append(Array(logits)) }
            }
            result.readings.append(reading)
        }
        guard result.isFinite else { return result }
        for (index, question) in task.questions.enumerated() {
            progress(.rightAnswer, Double(index) / Double(task.questions.count))
            let start = ContinuousClock.now
            let reading = run.read(question.tokens, scores: false)
            let read = ContinuousClock.now
            let tokens = run.generate(question.probe.maximumTokens, after: reading, stops: task.stops)
            result.answers.append(
                .init(tokens: tokens, readingSeconds: seconds(read - start), writingSeconds: seconds(.now - read)))
            if index == 0 { try askAgain(question, reading, tokens, task, run, loaded, &result) }
        }
        return result
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
