import GemmaInference
import ModelFormats
import RegistryCore

/// Compares a model's tensors with those of the same name in its base model.
struct WeightComparison {
    /// What is wrong with one tensor, or worth a warning.
    struct Finding {
        let name: String
        let outcome: SmokeTestReport.Outcome
        let text: String
        /// Larger for what says more about the whole model.
        let severity: Double
    }

    struct Side {
        let name: String
        let tensors: ModelTensors
        let expected: ExpectedTensors
        let weights: StoredWeights
        let isOnePlus: Bool

        init(name: String, _ tensors: ModelTensors, _ configuration: GemmaConfiguration) throws {
            self.name = name
            self.tensors = tensors
            expected = try configuration.expectedTensors(in: tensors)
            weights = try StoredWeights(tensors)
            isOnePlus =
                switch configuration {
                case .gemma, .gemma2, .gemma3: true
                case .gemma3n, .gemma4: false
                }
        }

        /// What is added to a norm's stored numbers to get its factors.
        var normOffset: Float { isOnePlus && !tensors.normsAreScales ? 1 : 0 }

        /// The full name of a tensor of the text model, nil where there is none. The head may be the embedding.
        func find(_ part: String) -> String? {
            if part == WeightComparison.head {
                return expected.headNames.first { tensors.holds($0) } ?? expected.prefix + "embed_tokens.weight"
            }
            let name = part.hasPrefix("/") ? String(part.dropFirst()) : expected.prefix + part
            return tensors.holds(name) ? name : nil
        }

        /// The tensors that the text model is computed with, by names that other checkpoints of it share.
        var parts: [String] {
            var parts = expected.required.map(\.name).filter { !expected.headNames.contains($0) }.map {
                $0.hasPrefix(expected.prefix) ? String($0.dropFirst(expected.prefix.count)) : "/" + $0
            }
            if expected.headNames.contains(where: { tensors.holds($0) }) { parts.append(WeightComparison.head) }
            return parts
        }
    }

    static let head = "(head)"

    let own: Side
    let base: Side
    let relation: BaseRelation
    let bounds: SmokeTestBounds
    let pool = WorkerPool()

    private(set) var findings: [Finding] = []
    private(set) var compared = 0
    private(set) var matrices = 0
    private(set) var unlike = 0
    private(set) var missing: [String] = []
    private(set) var farthest: (name: String, distance: Double) = ("", 0)
    private(set) var smallestCosine: (name: String, cosine: Double) = ("", 1)
    private(set) var squares: (base: Double, between: Double) = (0, 0)

    init(own: Side, base: Side, relation: BaseRelation, bounds: SmokeTestBounds) {
        (self.own, self.base, self.relation, self.bounds) = (own, base, relation, bounds)
    }

    mutating func run(progress: (Double) -> Void) throws {
        let parts = own.parts
        for (number, part) in parts.enumerated() {
            progress(Double(number) / Double(parts.count))
            guard let name = own.find(part), let other = base.find(part) else {
                missing.append(part)
                continue
            }
            try compare(part, name, other)
        }
        // The base's head where this model has none of its own.
        progress(1)
    }

    private mutating func compare(_ part: String, _ name: String, _ other: String) throws {
        let mine = try own.weights.rows(of: name), theirs = try base.weights.rows(of: other)
        guard mine.columns == theirs.columns, mine.count == theirs.count || isVocabulary(part) else {
            unlike += 1
            matrices += 1
            add(
                part, .failed,
                "\(shown(name)) is \(mine.count) x \(mine.columns), the base model's \(theirs.count) x \(theirs.columns)",
                severity: 10)
            return
        }
        compared += 1
        if mine.count == 1 {
            compareVector(part, name, mine.row(0), theirs.row(0), error: error(name, other))
            return
        }
        matrices += 1
        let difference = TensorDifference(mine, theirs, pool: pool)
        note(name, difference.distance, difference.cosine)
        squares.base += difference.squares.base
        squares.between += difference.squares.between
        guard !difference.isEqual else { return }
        judge(part, name, mine, theirs, difference, error: error(name, other))
    }

    private func error(_ name: String, _ other: String) -> Double {
        let one = StorageError.of(name, in: own.tensors), two = StorageError.of(other, in: base.tensors)
        return (one * one + two * two).squareRoot()
    }

    private mutating func note(_ name: String, _ distance: Double, _ cosine: Double) {
        if distance > farthest.distance { farthest = (name, distance) }
        if cosine < smallestCosine.cosine { smallestCosine = (name, cosine) }
    }

    mutating func add(_ part: String, _ outcome: SmokeTestReport.Outcome, _ text: String, severity: Double) {
        findings.append(Finding(name: part, outcome: outcome, text: text, severity: severity))
    }

    mutating func noteVector(_ distance: Double, _ name: String) {
        if distance > farthest.distance { farthest = (name, distance) }
    }

    mutating func countUnlike() { unlike += 1 }

    func isVocabulary(_ part: String) -> Bool {
        part == Self.head || part == "embed_tokens.weight" || part == "embed_tokens_per_layer.weight"
    }

    func shown(_ name: String) -> String {
        let stored = printable(own.tensors.storedName(name))
        guard let file = own.tensors[name]?.file else { return stored }
        return "\(stored) in \(printable(own.tensors.files[file].name))"
    }
}
