import Foundation
import GemmaInference
import ModelFormats
import RegistryCore

/// An embedding model turns the probe set's sentences into vectors: of the right size and length, and nearer to each
/// other where they mean the same.
extension SmokeTest {
    mutating func runEmbedding() {
        let bound = "every tensor that the configuration implies, and the modules that modules.json names"
        progress(.tensorsPresentAndShaped, 0)
        do {
            let configuration = try Gemma3Configuration(encoder: files), tensors = try ModelTensors(reading: files)
            let transformer = try SentenceTransformer(reading: files, hiddenSize: configuration.hiddenSize)
            let expected = try configuration.expectedTensors(in: tensors)
            guard
                compare(
                    expected, with: tensors, of: configuration.modelType,
                    note: transformer.map { "; \($0.summary)" } ?? ""),
                let tokenizer = checkTokenizer(.gemma3(configuration)),
                checkSpecialTokens(tokenizer, .gemma3(configuration), chat: nil),
                checkModules(transformer), checkValues(.gemma3(configuration), tensors, needed: expected)
            else { return }
            let model = try EmbeddingModel(
                configuration: configuration, tensors: tensors, tokenizer: tokenizer, transformer: transformer,
                residency: job.residency)
            try checkVectors(model)
        } catch {
            let isStarted = checks.contains { $0.name == .tensorsPresentAndShaped }
            record(error, of: isStarted ? .embeddingVectors : .tensorsPresentAndShaped, bound: bound)
        }
    }

    /// The dense layers' values; recorded where they are wrong, because the checks of values are the text model's.
    private mutating func checkModules(_ transformer: SentenceTransformer?) -> Bool {
        for tensors in transformer?.tensors ?? [] {
            let before = checks.count
            guard checkStored(tensors) else { return false }
            checks.removeSubrange(before...)
        }
        return true
    }

    /// A triple of the probe set and its vectors.
    private struct Placed {
        let similarity: ProbeSet.Similarity
        let sentence, near, far: [Float]

        var margin: Double { cosine(sentence, near) - cosine(sentence, far) }
    }

    /// In tokens, the prompt included: EmbeddingGemma reads as many.
    private static let longestSentence = 2048

    private mutating func checkVectors(_ model: EmbeddingModel) throws {
        let similarities = job.probes.similarities.filter { $0.depth <= job.depth }
        guard !similarities.isEmpty else {
            return record(
                .embeddingVectors, .failed, bound: "a probe set with sentences to compare",
                reason: "the set \(printable(job.probes.name)) has none")
        }
        let prompt = model.transformer?.similarityPrompt ?? "",
            limit = min(Self.longestSentence, model.configuration.contextLength)
        func vector(_ text: String) throws -> [Float] {
            try model.vector(of: Array(model.tokens(of: text, prompt: prompt).prefix(limit)))
        }
        var placed: [Placed] = []
        for (number, similarity) in similarities.enumerated() {
            progress(.embeddingVectors, Double(number) / Double(similarities.count))
            placed.append(
                Placed(
                    similarity: similarity, sentence: try vector(similarity.sentence),
                    near: try vector(similarity.near), far: try vector(similarity.far)))
        }
        guard checkShape(placed.flatMap { [$0.sentence, $0.near, $0.far] }, model.transformer) else { return }
        checkOrder(placed, prompt, isDeclared: model.transformer != nil)
        progress(.deterministic, 0)
        let again = try vector(placed[0].similarity.sentence), first = placed[0].sentence
        let isSame = zip(again, first).allSatisfy { $0.bitPattern == $1.bitPattern } && again.count == first.count
        record(
            .deterministic, isSame ? .passed : .failed, value: isSame ? "equal vectors" : "different vectors",
            bound: "bit-equal vectors in two runs", reason: "the first sentence was read twice")
    }

    /// False stops the test.
    private mutating func checkShape(_ vectors: [[Float]], _ transformer: SentenceTransformer?) -> Bool {
        let dimension = transformer?.dimension ?? vectors[0].count, normalizes = transformer?.normalizes ?? true
        let bound = "\(dimension) finite numbers\(normalizes ? ", length 1" : ""), and not the same for all sentences"
        let lengths = vectors.map { cosineLength($0) }
        let value =
            "\(vectors.count) vectors of \(vectors[0].count) numbers, lengths \(shown(lengths.min() ?? 0)) to "
            + shown(lengths.max() ?? 0)
        func fail(_ reason: String) -> Bool {
            record(.embeddingVectors, .failed, value: value, bound: bound, reason: reason)
            return false
        }
        if let broken = vectors.firstIndex(where: { !$0.allSatisfy(\.isFinite) }) {
            return fail("the vector of sentence \(broken + 1) holds NaN or infinity")
        }
        if vectors.contains(where: { $0.count != dimension }) { return fail("another size than the modules declare") }
        if lengths.contains(where: { normalizes ? abs($0 - 1) > 1e-3 : $0 == 0 }) {
            return fail(normalizes ? "a length other than 1, though the last module normalises" : "a vector of zeros")
        }
        // Sentences of one text may be equal in a probe set; that all are near one point is a collapsed model.
        let spread = vectors.dropFirst().map { 1 - cosine(vectors[0], $0) }.max() ?? 0
        guard spread > 1e-3 else {
            return fail("all sentences come to the same vector (cosines within \(spread) of 1)")
        }
        record(
            .embeddingVectors, .passed, value: value, bound: bound,
            reason: "the least alike have a cosine of \(shown(1 - spread)) with the first")
        return true
    }

    private mutating func checkOrder(_ placed: [Placed], _ prompt: String, isDeclared: Bool) {
        let least = job.bounds.minimumSimilarityMargin, comfortable = job.bounds.warnSimilarityMargin
        let bound = "cos(sentence, near) - cos(sentence, far) above \(least), without warning above \(comfortable)"
        let margins = placed.map(\.margin), mean = margins.reduce(0, +) / Double(margins.count)
        measurements["similarityMargin"] = mean
        // Written so that NaN is wrong.
        let wrong = placed.filter { !($0.margin > least) }, narrow = placed.filter { !($0.margin > comfortable) }
        let value =
            "\(placed.count - wrong.count) of \(placed.count) in order, margins \(shown(margins.min() ?? 0)) to "
            + "\(shown(margins.max() ?? 0)), mean \(shown(mean))"
        func described(_ one: Placed) -> String {
            "\"\(printable(one.similarity.sentence))\" (\(printable(one.similarity.language))) is by "
                + "\(shown(one.margin)) nearer to \"\(printable(one.similarity.near))\" than to "
                + "\"\(printable(one.similarity.far))\""
        }
        if let first = wrong.first {
            record(
                .similarityOrder, .failed, value: value, bound: bound, reason: described(first) + andMore(wrong.count))
        } else if !isDeclared {
            record(
                .similarityOrder, .warned, value: value, bound: bound,
                reason: "no \(SentenceTransformer.path) says how states become a vector; the mean of them was taken")
        } else if let first = narrow.first {
            record(
                .similarityOrder, .warned, value: value, bound: bound, reason: described(first) + andMore(narrow.count))
        } else {
            let how = prompt.isEmpty ? "without a prompt" : "with the prompt \"\(printable(prompt))\""
            record(.similarityOrder, .passed, value: value, bound: bound, reason: "sentences were read \(how)")
        }
    }
}

private func cosineLength(_ vector: [Float]) -> Double {
    vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
}

private func cosine(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / (cosineLength(a) * cosineLength(b))
}

extension SentenceTransformer {
    /// The modules' tensors besides the text model's.
    fileprivate var tensors: [ModelTensors] {
        modules.compactMap { if case .dense(let dense) = $0 { dense.tensors } else { nil } }
    }

    fileprivate var summary: String {
        let names = modules.map { module in
            switch module {
            case .pooling(let pooling): "pooling (\(pooling.modes.map(\.rawValue).joined(separator: ", ")))"
            case .dense(let dense): "dense \(dense.columns) to \(dense.rows)"
            case .normalize: "length 1"
            }
        }
        return "then " + names.joined(separator: ", ")
    }
}
