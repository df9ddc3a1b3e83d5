import ModelFormats
import RegistryCore
import SmokeTesting

extension Evidence {
    init(_ report: ModelInspection, manifest: SHA256Digest, producer: String) {
        let decisive = report.checks.first { $0.outcome == report.outcome }
        var measurements = ["dtypes": report.dtypes.joined(separator: ", ")]
        measurements["modelType"] = report.modelType
        measurements["architecture"] = report.architecture
        measurements["parameters"] = report.parameterCount.map { Quantity.grouped(Int64($0)) }
        measurements["tensors"] = report.tensorCount.map { Quantity.grouped(Int64($0)) }
        measurements["contextLength"] = report.contextLength.map { Quantity.grouped(Int64($0)) }
        self.init(
            kind: .inspection, outcome: Outcome(rawValue: report.outcome.rawValue) ?? .failed, manifest: manifest,
            producer: producer,
            summary: report.outcome == .passed
                ? "\(report.checks.count) checks passed, \(report.modelType ?? "no model type"), "
                    + "\(measurements["parameters"] ?? "?") parameters"
                : decisive.map { "\($0.name.rawValue): \($0.message)" } ?? report.outcome.rawValue,
            checks: report.checks.map {
                Check(name: $0.name.rawValue, outcome: $0.outcome.rawValue, reason: $0.message)
            },
            measurements: measurements)
    }

    /// A verdict that the tester reported.
    init(_ run: SmokeTestProcess.Answer, _ plan: PlannedTest, base: String?, manifest: SHA256Digest) {
        let report = run.report
        let decisive = report.checks.first { $0.outcome.rawValue == report.verdict.rawValue }
        let asked = report.checks.count { $0.outcome != .notApplicable }
        self.init(
            kind: .smokeTest, outcome: Outcome(rawValue: report.verdict.rawValue) ?? .failed, manifest: manifest,
            producer: report.testerBuild,
            summary: report.verdict == .passed
                ? "\(asked) checks passed in \(Quantity.fixed(report.seconds, 2)) s"
                : decisive.map(\.summary) ?? report.verdict.rawValue,
            checks: report.checks.map {
                Check(
                    name: $0.name.rawValue, outcome: $0.outcome.rawValue, value: $0.value, bound: $0.bound,
                    reason: $0.reason)
            },
            test: SmokeTestRecord(
                identity: plan.identity, bounds: plan.bounds, modelClass: report.modelClass,
                classReason: report.classReason, base: base, sandbox: run.sandbox, sandboxLevel: run.level,
                seconds: report.seconds,
                peakMemory: Int64(report.peakMemoryBytes),
                measurements: report.measurements.mapValues { MeasuredNumber($0) },
                texts: report.texts.map {
                    SmokeTestRecord.Text(
                        language: $0.language, prompt: $0.prompt, text: $0.text, tokens: $0.tokens.count,
                        endsItself: $0.endsItself)
                }))
    }

    /// A test that came to no verdict of its own, which counts against the model.
    init(_ broken: SmokeTestProcess.Broken, _ plan: PlannedTest, base: String?, manifest: SHA256Digest, seconds: Double)
    {
        self.init(
            kind: .smokeTest, outcome: .failed, manifest: manifest, producer: plan.identity.testerBuild,
            summary: broken.reason,
            test: SmokeTestRecord(
                identity: plan.identity, bounds: plan.bounds, modelClass: nil, classReason: "", base: base,
                sandbox: "", seconds: seconds, peakMemory: 0))
    }
}

extension SmokeTestReport.Check {
    fileprivate var summary: String {
        let measured = value.isEmpty ? "" : " \(value)"
        let allowed = bound.isEmpty ? "" : " (bound \(bound))"
        return "\(name.rawValue)\(measured)\(allowed): \(reason)"
    }
}
