import ModelFormats
import RegistryCore

/// What a model is taken for, and the sentence that says why: what its files say comes first, then its name and card,
/// and the policy's word decides between what the files allow.
struct Recognition {
    /// Nil where it is nothing that is known here.
    var modelClass: ModelClass?
    var reason: String
    /// Why it is not tested at all: its kind is not computed here, or the policy's word contradicts its files.
    var refusal: Refusal?

    struct Refusal: Equatable {
        let outcome: SmokeTestReport.Outcome
        let reason: String
    }

    /// - Parameter isOneOfSeveral: whether other models lie beside it, so that the policy's word may be for those.
    init(of files: ModelFiles, _ job: SmokeTestJob, isOneOfSeveral: Bool) {
        self.init(of: files, job)
        guard let given = job.modelClass else { return }
        let byItself = modelClass
        guard byItself != given else {
            reason = "the policy says so, and \(reason)"
            return
        }
        if isOneOfSeveral, byItself == .tower || byItself == .adapter {
            reason += "; the policy's \(given.rawValue) is for the models beside it"
            return
        }
        guard refusal == nil else { return }
        if let contradiction = contradiction(to: given) {
            refusal = Refusal(outcome: .failed, reason: "the policy says \(given.rawValue), but \(contradiction)")
        } else {
            reason = "the policy says so; by itself it would be \(byItself?.rawValue ?? "nothing known"): \(reason)"
        }
        modelClass = given
    }

    init(_ modelClass: ModelClass?, _ reason: String, refusal: Refusal? = nil) {
        self.modelClass = modelClass
        self.reason = reason
        self.refusal = refusal
    }

    /// Why the files cannot be of the class that the policy gives them; nil where they can. Text models may be asked for
    /// answers, for more text or for vectors; nothing else can be chosen.
    private func contradiction(to given: ModelClass) -> String? {
        let isText = [.instruct, .base, .embedding].contains(modelClass)
        switch given {
        case .adapter: return "\(AdapterConfiguration.path) is not among the files"
        // Whether it has the template that answers need is a check of its own.
        case .instruct, .base, .embedding: return isText ? nil : reason
        case .drafter, .tower: return reason
        }
    }
}
