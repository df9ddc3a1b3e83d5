import RegistryCore

/// What a variant claims to be, which decides how near its base model it must stay.
enum BaseRelation {
    /// The same weights, stored otherwise.
    case quantised
    /// Trained further, or nothing is said.
    case tuned
    /// Put together from several models.
    case merged

    init(_ job: SmokeTestJob) {
        switch job.card.relation?.lowercased() {
        case "quantized": self = .quantised
        case "merge": self = .merged
        default: self = .tuned
        }
    }

    /// How a difference between the configurations counts.
    func outcome(of difference: Difference, contextGrows: Bool) -> SmokeTestReport.Outcome {
        if self == .merged { return .warned }
        switch difference.fact.weight {
        case .arithmetic: return .failed
        case .rotation: return self == .tuned && contextGrows ? .warned : .failed
        // Rows beyond the tokenizer's pieces, which only fill up, are cut off in some conversions.
        case .vocabulary: return difference.growth > -0.05 ? .passed : .failed
        case .context: return self == .tuned || !difference.grows ? .passed : .warned
        case .head: return .passed
        }
    }

    var excuse: String {
        switch self {
        case .quantised: "leaves the arithmetic as it is"
        case .tuned, .merged: "a variant may change"
        }
    }
}
