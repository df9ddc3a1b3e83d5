import GemmaInference
import ModelFormats
import RegistryCore

/// The same texts read by the model that this one descends from.
enum BaseComparison {
    /// The job names no base model, or it is not here.
    case absent(String)
    /// It is here and cannot be compared with; for a person.
    case impossible(String)
    case measured(Measured)

    struct Measured {
        var meanNLL: Double?
        var entropy: Double?
        /// KL(base || this model) in nats at each position that both predicted.
        var divergences: [Double] = []
        /// Positions at which both think the same token likeliest.
        var sameTop = 0
        /// Why the distributions were not compared; nil where they were.
        var reasonAgainstDivergence: String?
    }
}

extension SmokeTest {
    /// Whether predictions are compared number by number: a quantised model says what its original says.
    var comparesLogits: Bool { job.base != nil && job.card.relation == "quantized" }

    /// Reads the texts with the base model; the model under test must have been let go of.
    mutating func compareWithBase(_ run: ProbeRun, _ task: ProbeTask) -> BaseComparison {
        guard let base = job.base else { return .absent("no base model is here to compare with") }
        progress(.meanNLLAgainstBase, 0)
        do {
            guard let theirs = try ModelFiles(path: base.folder).models.first?.files else {
                return .impossible("\(printable(base.name)) holds no model that can be run")
            }
            let loaded = try LoadedModel(reading: theirs, residency: job.residency)
            if let tokenizer = loaded.tokenizer {
                for (text, probe) in zip(task.texts, job.probes.texts.filter { $0.depth <= task.depth }) {
                    let tokens = tokenizer.encodeWithBeginning(probe.text).prefix(text.tokens.count)
                    guard text.tokens.elementsEqual(tokens) else {
                        return .impossible(
                            "\(printable(base.name)) cuts the texts into other tokens, so that a mean per token says "
                                + "nothing")
                    }
                }
            }
            return .measured(try read(task, run, by: loaded, base.name))
        } catch {
            return .impossible("\(printable(base.name)): \(error)")
        }
    }

    private mutating func read(
        _ task: ProbeTask, _ run: ProbeRun, by loaded: LoadedModel, _ name: String
    ) throws -> BaseComparison.Measured {
        var measured = BaseComparison.Measured()
        let longest = min(task.texts.map(\.tokens.count).max() ?? 1, loaded.configuration.contextLength)
        guard task.texts.allSatisfy({ $0.tokens.allSatisfy { $0 < loaded.configuration.vocabularySize } }) else {
            throw InferenceError.tokenOutOfRange(
                token: task.texts.flatMap(\.tokens).max() ?? 0, index: 0,
                vocabularySize: loaded.configuration.vocabularySize)
        }
        let theirs = TextRun(try loaded.makeModel(capacity: longest))
        let rows = run.kept.first?.count
        if comparesLogits, rows != loaded.configuration.vocabularySize {
            measured.reasonAgainstDivergence =
                "\(printable(name)) predicts \(loaded.configuration.vocabularySize) tokens, this model \(rows ?? 0)"
        }
        let compares = comparesLogits && measured.reasonAgainstDivergence == nil
        var position = 0, readings: [TextRun.Reading] = []
        for (index, text) in task.texts.enumerated() {
            progress(.meanNLLAgainstBase, Double(index) / Double(task.texts.count))
            readings.append(
                theirs.read(Array(text.tokens.prefix(longest)), scores: true) { _, logits in
                    defer { position += 1 }
                    guard compares, position < run.kept.count else { return }
                    run.kept[position].withUnsafeBufferPointer { own in
                        measured.divergences.append(theirs.divergence(of: own, from: logits))
                        if theirs.likeliest(own) == theirs.likeliest(logits) { measured.sameTop += 1 }
                    }
                })
        }
        measured.meanNLL = mean(readings.map(\.negativeLogLikelihoods))
        measured.entropy = mean(readings.map(\.entropies))
        return measured
    }

    mutating func checkAgainstBase(_ base: BaseComparison, _ task: ProbeTask) {
        let bound = "at most \(job.bounds.maximumMeanNLLAboveBase) above the base model's"
        switch base {
        case .absent(let reason): record(.meanNLLAgainstBase, .notApplicable, bound: bound, reason: reason)
        case .impossible(let reason): record(.meanNLLAgainstBase, .warned, bound: bound, reason: reason)
        case .measured(let measured):
            let own = measurements["meanNLL"] ?? .nan, theirs = measured.meanNLL ?? .nan
            guard theirs.isFinite else {
                record(
                    .meanNLLAgainstBase, .warned, bound: bound,
                    reason: "the base model's own is \(shown(theirs)): it is broken itself")
                return
            }
            measurements["meanNLL.base"] = theirs
            measurements["entropy.base"] = measured.entropy.flatMap { $0.isFinite ? $0 : nil }
            let above = own - theirs, isFine = above <= job.bounds.maximumMeanNLLAboveBase
            if above.isFinite { measurements["meanNLLAboveBase"] = above }
            record(
                .meanNLLAgainstBase, isFine ? .passed : .failed, value: shown(above), bound: bound,
                reason: "\(shown(own)) here, \(shown(theirs)) with \(printable(job.base?.name ?? ""))"
                    + (isFine ? "" : ": what was changed has cost the model its language"))
        }
    }

    mutating func checkDivergence(_ base: BaseComparison, _ precision: StoredPrecision) {
        let (divergence, sameTop) = precision.bounds(job.bounds), factor = job.bounds.failDivergenceFactor
        let bound =
            "\(precision.name): without warning at most \(divergence) nats and at least \(sameTop) of the likeliest "
            + "tokens the same; in no case more than \(factor) times as far off"
        guard comparesLogits else {
            record(
                .divergenceFromOriginal, .notApplicable, bound: "",
                reason: job.base == nil
                    ? "no original is here to compare with" : "the card does not call this model quantised")
            return
        }
        guard case .measured(let measured) = base, measured.reasonAgainstDivergence == nil,
            !measured.divergences.isEmpty
        else {
            let reason =
                switch base {
                case .absent(let reason), .impossible(let reason): reason
                case .measured(let measured): measured.reasonAgainstDivergence ?? "no position was compared"
                }
            record(.divergenceFromOriginal, .warned, bound: bound, reason: reason)
            return
        }
        let count = measured.divergences.count
        let mean = measured.divergences.reduce(0, +) / Double(count), same = Double(measured.sameTop) / Double(count)
        if mean.isFinite { measurements["divergence"] = mean }
        measurements["sameTop"] = same
        // Written so that NaN fails.
        let fails = !(mean <= factor * divergence) || !(1 - same <= factor * (1 - sameTop))
        let warns = mean > divergence || same < sameTop
        record(
            .divergenceFromOriginal, fails ? .failed : warns ? .warned : .passed,
            value: "\(shown(mean)) nats, \(shown(same, 3)) the same", bound: bound,
            reason: "mean KL divergence over \(count) positions from \(printable(job.base?.name ?? ""))")
    }
}
