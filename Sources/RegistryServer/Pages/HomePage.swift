import RegistryCatalog
import RegistryCore
import RegistryOperations

/// What `home.mustache` shows.
struct HomePage {
    struct Count {
        let number: Int
        let state: String
    }

    struct Model {
        let name: String
        let path: String
        let lineage: String?
        let reason: String?
        let activity: String?
        let state: String
        let verdict: String
        let size: String
        let pulls: String
        let timestamp: String
        let since: String
    }

    let title = "Models"
    let stylesheet: String
    let isEmpty: Bool
    let counts: [Count]
    let models: [Model]
    let tests: TestsNotice?

    init(_ summaries: [ModelSummary], _ tests: Retest.Answer, stylesheet: String) {
        self.tests = TestsNotice(tests)
        self.stylesheet = stylesheet
        isEmpty = summaries.isEmpty
        counts = ModelState.allCases.compactMap { state in
            let number = summaries.count { $0.state == state }
            return number == 0 ? nil : Count(number: number, state: state.rawValue)
        }
        models = summaries.map(Model.init)
    }
}

extension HomePage.Model {
    init(_ summary: ModelSummary) {
        self.init(
            name: summary.repository.description, path: "/\(summary.repository)", lineage: summary.lineage,
            reason: summary.reason.isEmpty ? nil : summary.reason.withShortDigests,
            activity: summary.activity.isEmpty ? nil : summary.activity, state: summary.state.rawValue,
            verdict: summary.verdict == "-" ? "not run" : summary.verdict,
            size: summary.files == 0 ? "–" : Quantity.bytes(summary.size),
            pulls: Quantity.grouped(Int64(summary.pulls.pulls)), timestamp: summary.updatedAt.text,
            since: summary.updatedAt.minutes)
    }
}

extension String {
    /// The text with every run of 32 hexadecimal digits or more cut to its first eight: enough to recognise a digest
    /// in a list. The model's own page has it in full.
    fileprivate var withShortDigests: String {
        var shortened: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.first {
            let run = rest.prefix { $0.isLowerHex }
            shortened += run.count >= 32 ? Array(run.prefix(8)) + Array("…".utf8) : Array(run)
            rest = rest.dropFirst(run.count)
            if run.isEmpty {
                shortened.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: shortened, as: UTF8.self)
    }
}

extension ModelSummary {
    /// `finetune of sample/gemma-3-tiny-it · apache-2.0`; nil where neither is known.
    var lineage: String? {
        let bases = baseModels.isEmpty ? nil : "\(relation ?? "finetune") of \(baseModels.joined(separator: ", "))"
        let parts = [bases, licence].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " · ")
    }
}
