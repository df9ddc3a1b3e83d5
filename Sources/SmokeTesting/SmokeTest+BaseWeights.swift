import ModelFormats
import RegistryCore

extension SmokeTest {
    /// Every tensor of the text model against the base model's. False stops the test.
    mutating func checkWeightsAgainstBase(_ configuration: GemmaConfiguration, _ tensors: ModelTensors) -> Bool {
        let name = SmokeTestReport.CheckName.weightsAgainstBase, relation = BaseRelation(job), bounds = job.bounds
        let bound =
            switch relation {
            case .quantised:
                "each tensor within \(bounds.maximumStorageErrors) times its type's usual error and 0.1; no row and no number "
                    + "out of line"
            case .tuned:
                "each matrix at a cosine of \(bounds.minimumBaseCosine) or more, without warning "
                    + "\(bounds.warnBaseCosine), within \(bounds.maximumBaseScale) times its size; no row and no number out of line"
            case .merged: "nothing that fails; differences are shown"
            }
        guard let base = baseModel(for: name, bound: bound) else { return true }
        progress(name, 0)
        var comparison: WeightComparison
        do {
            comparison = WeightComparison(
                own: try .init(name: "", tensors, configuration),
                base: try .init(name: base.name, try base.source.tensors(), base.configuration), relation: relation,
                bounds: bounds)
            try comparison.run { progress(name, $0) }
        } catch {
            record(
                name, .warned, bound: bound,
                reason: "the base model \(printable(base.name)) cannot be compared with: \(error)")
            return true
        }
        let squares = comparison.squares
        if squares.base > 0 { measurements["distanceFromBase"] = (squares.between / squares.base).squareRoot() }
        let value =
            comparison.farthest.distance == 0
            ? "\(comparison.compared) tensors equal"
            : "largest distance \(rounded(comparison.farthest.distance)), smallest cosine "
                + rounded(comparison.smallestCosine.cosine)
        let failures = comparison.findings.filter { $0.outcome == .failed }.sorted { $0.severity > $1.severity }
        let warnings = comparison.findings.filter { $0.outcome == .warned }.sorted { $0.severity > $1.severity }
        let place = "compared with \(printable(base.name)): "
        if let first = failures.first {
            let isStranger = 2 * comparison.unlike > comparison.matrices
            let verdict = isStranger ? "this is no variant of it; " : ""
            record(
                name, relation == .merged ? .warned : .failed, value: value, bound: bound,
                reason: place + verdict + first.text + andMore(failures.count))
            return relation == .merged
        }
        if let first = warnings.first {
            record(name, .warned, value: value, bound: bound, reason: place + first.text + andMore(warnings.count))
        } else if let first = comparison.missing.first {
            record(
                name, .warned, value: value, bound: bound,
                reason: place + "it has no \(printable(first))" + andMore(comparison.missing.count))
        } else {
            let note = comparison.findings.first.map { "; \($0.text)" } ?? ""
            record(
                name, .passed, value: value, bound: bound, reason: place + "\(comparison.compared) tensors\(note)")
        }
        return true
    }
}
