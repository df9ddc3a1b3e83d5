import Foundation
package import ModelFormats

/// Runs a model once and says whether it behaves like one: structure first, then stored values, then a forward pass.
///
/// A check that fails stops the dearer ones after it; they are listed as `skipped` with the reason, and no verdict
/// passes with a check skipped. Nothing that a model's files contain makes this throw or trap. Blocking, and it uses
/// every core: run it in a process of its own, never on the cooperative pool.
package struct SmokeTest {
    /// Called from the testing thread as a check proceeds, with the part of it that is done, 0 to 1.
    package typealias Progress = (SmokeTestReport.CheckName, Double) -> Void

    let files: ModelFiles
    let probe: SmokeTestProbe
    let testerBuild: String
    let residency: WeightResidency
    let progress: Progress
    var checks: [SmokeTestReport.Check] = []
    var modelType: String?
    /// Put before every reason when there are several models.
    private var subject = ""
    private var opened: ModelSource?
    var generatedTokens: [Int] = []
    var generatedText: String?
    var meanNLL: Double?

    /// Runs all checks on every model that the files hold: a repository of GGUF files holds one for each quantisation,
    /// and its report has the worst of their verdicts and the checks of all. `testerBuild` is recorded as given.
    package static func run(
        _ files: ModelFiles, probe: SmokeTestProbe, testerBuild: String, residency: WeightResidency = .mapped,
        progress: @escaping Progress = { _, _ in }
    ) -> SmokeTestReport {
        let start = ContinuousClock.now, models = files.models
        let tests = models.map { model in
            var test = SmokeTest(
                files: model.files, probe: probe, testerBuild: testerBuild, residency: residency, progress: progress)
            test.subject = models.count > 1 ? model.name.map { printable($0) + ": " } ?? "" : ""
            test.runChecks()
            test.skipRest()
            return test
        }
        let worst = [.failed, .unsupported, .warned].first { verdict in tests.contains { $0.verdict == verdict } }
        let verdict = worst ?? .passed
        let decisive = tests.first { $0.verdict == verdict }
        let elapsed = start.duration(to: .now)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        return SmokeTestReport(
            verdict: verdict, checks: tests.flatMap(\.checks), modelType: decisive?.modelType,
            generatedText: decisive?.generatedText, generatedTokens: decisive?.generatedTokens ?? [],
            meanNLL: decisive?.meanNLL, seconds: seconds, peakMemoryBytes: peakResidentBytes(),
            testerBuild: testerBuild)
    }

    private init(
        files: ModelFiles, probe: SmokeTestProbe, testerBuild: String, residency: WeightResidency,
        progress: @escaping Progress
    ) {
        self.files = files
        self.probe = probe
        self.testerBuild = testerBuild
        self.residency = residency
        self.progress = progress
    }

    private mutating func runChecks() {
        guard let (configuration, tensors) = checkTensors() else { return }
        guard let tokenizer = checkTokenizer(vocabularySize: configuration.vocabularySize) else { return }
        guard checkValues(configuration, tensors) else { return }
        do {
            let loaded = try LoadedModel(
                configuration: configuration, tensors: tensors, tokenizer: tokenizer, residency: residency)
            try checkForwardPass(loaded, tokenizer)
        } catch {
            record(.finiteLogits, .failed, bound: "a forward pass", reason: "\(error)")
        }
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
        guard let stopper = checks.last(where: { $0.outcome == .failed || $0.outcome == .unsupported }) else { return }
        for name in SmokeTestReport.CheckName.allCases where !done.contains(name) {
            record(name, .skipped, bound: "", reason: "not run, because \(stopper.name.rawValue) \(stopper.outcome)")
        }
    }

    /// Fails closed: a check that is missing or skipped without a failure before it is a failure too.
    private var verdict: SmokeTestReport.Verdict {
        let outcomes = checks.map(\.outcome)
        if outcomes.contains(.failed) { return .failed }
        if outcomes.contains(.unsupported) { return .unsupported }
        guard checks.count == SmokeTestReport.CheckName.allCases.count, !outcomes.contains(.skipped) else {
            return .failed
        }
        return outcomes.contains(.warned) ? .warned : .passed
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
