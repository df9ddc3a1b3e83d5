import ModelFormats
import RegistryCore

extension SmokeTest {
    /// Whether the base model's configuration and this one's mean the same arithmetic.
    mutating func checkConfigurationAgainstBase(_ configuration: GemmaConfiguration) -> Bool {
        let name = SmokeTestReport.CheckName.configurationAgainstBase
        let bound = "the arithmetic of the base model: the same layers, heads, rotations, norms and caps"
        guard let base = baseModel(for: name, bound: bound) else { return true }
        guard base.configuration.generation == configuration.generation else {
            record(
                name, .failed, value: configuration.modelType, bound: bound,
                reason: "it is not a variant of \(base.name), a \(base.configuration.modelType) model")
            return false
        }
        let theirs = Dictionary(
            base.configuration.facts.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let facts = configuration.facts
        let differences = facts.compactMap { fact in
            theirs[fact.key].flatMap { fact.value.agrees(with: $0) ? nil : Difference(fact: fact, base: $0) }
        }
        let isLonger = differences.contains { $0.fact.weight == .context && $0.grows }
        let relation = BaseRelation(job)
        let judged = differences.map { ($0, relation.outcome(of: $0, contextGrows: isLonger)) }
        let value = "\(facts.count - differences.count) of \(facts.count) equal"
        for outcome in [SmokeTestReport.Outcome.failed, .warned] {
            let those = judged.filter { $0.1 == outcome }.map(\.0)
            guard let first = those.first else { continue }
            record(name, outcome, value: value, bound: bound, reason: first.text(base.name) + andMore(those.count))
            return outcome != .failed
        }
        let notes = differences.first.map { "; \($0.text(base.name)), which \(relation.excuse)" } ?? ""
        record(name, .passed, value: value, bound: bound, reason: "compared with \(base.name)" + notes)
        return true
    }
}

/// A fact that is not the base model's.
struct Difference {
    let fact: ConfigurationFact
    let base: ConfigurationFact.Value

    /// By which part of the base model's number this one is larger.
    var growth: Double {
        guard case .number(let here) = fact.value, case .number(let there) = base, there != 0 else { return 0 }
        return (here - there) / there
    }

    var grows: Bool { growth > 0 }

    func text(_ baseName: String) -> String {
        "\(fact.key): \(printable(baseName)) has \(base.text), this model \(fact.value.text)"
    }
}
