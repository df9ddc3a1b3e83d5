import Foundation
import GemmaInference
import ModelFormats
import RegistryCore

/// Runs a model once and says whether it behaves like one: structure first, then stored values, then a forward pass.
///
/// A check that fails stops the dearer ones after it; they are listed as `skipped` with the reason, and no verdict
/// passes with a check skipped. Nothing that a model's files contain makes this throw or trap. Blocking, and it uses
/// every core: run it in a process of its own, never on the cooperative pool.
package struct SmokeTest {
    /// Called from the testing thread as a check proceeds, with the part of it that is done, 0 to 1.
    package typealias Progress = (SmokeTestReport.CheckName, Double) -> Void

    let files: ModelFiles
    let job: SmokeTestJob
    let progress: Progress
    let recognition: Recognition
    var checks: [SmokeTestReport.Check] = []
    var modelType: String?
    /// Put before every reason when there are several models.
    private var subject = ""
    private var opened: ModelSource?
    /// Weight files of the repository that no test opens; they are told of once.
    var unreadWeights: [String] = []
    var openedBase: OpenedBase?
    var texts: [SmokeTestReport.GeneratedText] = []
    var measurements: [String: Double] = [:]

    /// Runs all checks on every model that the job's files hold: a repository of GGUF files holds one for each
    /// quantisation, and its report has the worst of their verdicts and the checks of all.
    package static func run(_ job: SmokeTestJob, progress: @escaping Progress = { _, _ in }) -> SmokeTestReport {
        let start = ContinuousClock.now
        let tests: [SmokeTest]
        do {
            let all = try ModelFiles(path: job.model), models = all.models
            var prepared = models.map { model in
                var test = SmokeTest(model.files, job, isOneOfSeveral: models.count > 1, progress)
                test.subject = models.count > 1 ? model.name.map { printable($0) + ": " } ?? "" : ""
                return test
            }
            if !prepared.isEmpty { prepared[0].unreadWeights = unreadWeights(of: all, by: prepared) }
            tests = prepared.map { test in
                var test = test
                test.runChecks()
                test.skipRest()
                test.sortChecks()
                return test
            }
        } catch {
            return SmokeTestReport(unreadable: job, reason: "\(error)", since: start)
        }
        let worst = [.failed, .unsupported, .warned].first { verdict in tests.contains { $0.verdict == verdict } }
        let verdict = worst ?? (tests.isEmpty ? .failed : .passed)
        let decisive = tests.first { $0.verdict == verdict }
        return SmokeTestReport(
            verdict: verdict, modelClass: decisive?.recognition.modelClass,
            classReason: decisive?.recognition.reason ?? "",
            checks: tests.flatMap(\.checks), modelType: decisive?.modelType, texts: decisive?.texts ?? [],
            measurements: (decisive?.measurements ?? [:]).filter(\.value.isFinite), seconds: start.secondsSince,
            peakMemoryBytes: peakResidentBytes(), testerBuild: job.testerBuild)
    }

    private init(
        _ files: ModelFiles, _ job: SmokeTestJob, isOneOfSeveral: Bool, _ progress: @escaping Progress
    ) {
        self.files = files
        self.job = job
        self.progress = progress
        recognition = Recognition(of: files, job, isOneOfSeveral: isOneOfSeveral)
    }

    /// What it is taken for. A model of an unknown kind is tested as one that continues text, which says what is missing.
    var modelClass: ModelClass { recognition.modelClass ?? .base }

    private mutating func runChecks() {
        if let refusal = recognition.refusal {
            modelType = GemmaConfiguration.statedModelType(of: files)
            return record(
                .structure, refusal.outcome, bound: "a kind of model that this build tests", reason: refusal.reason)
        }
        guard checkStructure(), checkUnreadWeights() else { return }
        switch modelClass {
        case .instruct, .base: runLanguageModel()
        case .adapter: runAdapter()
        case .embedding: runEmbedding()
        case .drafter: runDrafter()
        case .tower: runTower()
        }
    }

    private mutating func runLanguageModel() {
        guard let (configuration, tensors) = checkTensors() else { return }
        let fitsBase = checkConfigurationAgainstBase(configuration)
        guard let tokenizer = checkTokenizer(configuration), checkTokenizerAgainstBase(tokenizer), fitsBase else {
            return
        }
        let template = findTemplate(tokenizer)
        let knowsTurns = checkSpecialTokens(tokenizer, configuration, chat: template.rendering)
        guard checkChatTemplate(template, tokenizer), knowsTurns else { return }
        guard checkValues(configuration, tensors), checkWeightsAgainstBase(configuration, tensors) else { return }
        let residency = job.residency
        do {
            try checkForwardPass(
                try LoadedModel(
                    configuration: configuration, tensors: tensors, tokenizer: tokenizer, residency: residency),
                tokenizer, chat: modelClass == .instruct && isTemplateEvaluated ? template.rendering : nil)
        } catch {
            record(.finiteLogits, .failed, bound: "a forward pass", reason: "\(error)")
        }
    }

    /// A template that was refused once is not rendered again; the model then continues plain text.
    private var isTemplateEvaluated: Bool {
        checks.contains { $0.name == .chatTemplate && ($0.outcome == .passed || $0.outcome == .warned) }
    }

    /// Where the model's parts lie; opened once.
    mutating func source() throws -> ModelSource {
        if let opened { return opened }
        let source = try ModelSource(of: files)
        opened = source
        return source
    }

    mutating func record(
        _ name: SmokeTestReport.CheckName, _ outcome: SmokeTestReport.Outcome, value: String = "", bound: String,
        reason: String
    ) {
        checks.append(.init(name: name, outcome: outcome, value: value, bound: bound, reason: subject + reason))
    }

    private mutating func skipRest() {
        let done = Set(checks.map(\.name))
        for name in SmokeTestReport.CheckName.allCases where !done.contains(name) {
            guard let reason = modelClass.reasonAgainst(name) else { continue }
            record(name, .notApplicable, bound: "", reason: reason)
        }
        guard let stopper = checks.last(where: { $0.outcome == .failed || $0.outcome == .unsupported }) else { return }
        for name in SmokeTestReport.CheckName.allCases where !checks.contains(where: { $0.name == name }) {
            record(name, .skipped, bound: "", reason: "not run, because \(stopper.name.rawValue) \(stopper.outcome)")
        }
    }

    /// Some checks are judged later than they run.
    private mutating func sortChecks() {
        let order = SmokeTestReport.CheckName.allCases
        let places = Dictionary(uniqueKeysWithValues: zip(order, order.indices))
        checks = checks.enumerated().sorted {
            (places[$0.element.name] ?? 0, $0.offset) < (places[$1.element.name] ?? 0, $1.offset)
        }.map(\.element)
    }

    /// Fails closed: a check that is missing or skipped without a failure before it is a failure too.
    private var verdict: SmokeTestReport.Verdict {
        let outcomes = checks.map(\.outcome)
        if outcomes.contains(.failed) { return .failed }
        if outcomes.contains(.unsupported) { return .unsupported }
        guard Set(checks.map(\.name)).count == SmokeTestReport.CheckName.allCases.count, !outcomes.contains(.skipped)
        else {
            return .failed
        }
        return outcomes.contains(.warned) ? .warned : .passed
    }
}

extension SmokeTestReport {
    /// The files could not even be listed.
    fileprivate init(unreadable job: SmokeTestJob, reason: String, since start: ContinuousClock.Instant) {
        self.init(
            verdict: .failed, modelClass: nil, classReason: "",
            checks: [
                Check(
                    name: .structure, outcome: .failed, value: "",
                    bound: "a folder of files that can be read",
                    reason: reason)
            ], modelType: nil, texts: [], measurements: [:], seconds: start.secondsSince,
            peakMemoryBytes: peakResidentBytes(), testerBuild: job.testerBuild)
    }
}

extension ContinuousClock.Instant {
    fileprivate var secondsSince: Double {
        let elapsed = duration(to: .now).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }
}

/// VmHWM of this process in bytes, else getrusage's figure (which after fork and exec may be the parent's).
private func peakResidentBytes() -> Int {
    if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) {
        for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
            if let kilobytes = line.split(separator: " ").compactMap({ Int($0) }).first { return kilobytes * 1024 }
        }
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
}
