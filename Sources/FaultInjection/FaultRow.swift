import Foundation
package import SmokeTesting

/// One line of the table: a fault in a checkpoint, what it does to the likelihood, and who sees it.
package struct FaultRow: Codable, Equatable, Sendable {
    /// What counts as a fault that matters: it moves the mean NLL by more than this part.
    package static let noticeableShift = 0.02

    package static let healthyName = "(healthy)"

    package let fault: String
    package let what: String
    package let checkpoint: String
    package let healthyNLL: Double?
    /// In nats per token, measured by the engine; nil where the file cannot be read or run.
    package let meanNLL: Double?
    /// With nothing here but the file.
    package let alone: FaultSighting
    /// Beside the original.
    package let beside: FaultSighting

    /// Nats per token; nil where either number is missing or not finite.
    package var shift: Double? {
        guard let healthyNLL, let meanNLL, (meanNLL - healthyNLL).isFinite else { return nil }
        return meanNLL - healthyNLL
    }

    package var relativeShift: Double? {
        guard let shift, let healthyNLL, healthyNLL > 0 else { return nil }
        return shift / healthyNLL
    }

    /// Whether it changes what the model says: by its likelihood, or because it cannot be run at all.
    package var isNoticeable: Bool { relativeShift.map { abs($0) > Self.noticeableShift } ?? true }

    package var isSeen: Bool { alone.isSeen || beside.isSeen }
    package var isRefused: Bool { alone.isRefused || beside.isRefused }

    /// Why no check sees it, as far as the numbers tell.
    package var explanation: String {
        guard !isSeen, fault != Self.healthyName else { return "" }
        guard let relativeShift else { return "not seen, though it cannot be measured" }
        let percent = "\((relativeShift * 1000).rounded() / 10) %"
        return isNoticeable
            ? "not seen: the likelihood moves by \(percent), within every bound; "
                + (beside.nearest ?? alone.nearest ?? "it was not measured")
            : "not seen: the likelihood moves by \(percent) only"
    }
}

/// What a smoke test says of a damaged checkpoint and did not say of the healthy one.
package struct FaultSighting: Codable, Equatable, Sendable {
    /// A check whose outcome is worse than on the healthy checkpoint.
    package struct Catch: Codable, Equatable, Sendable {
        package let check: String
        package let outcome: SmokeTestReport.Outcome
        package let value: String
        package let bound: String
        package let reason: String
        /// Value over bound, where both are numbers.
        package let margin: Double?
    }

    package let verdict: SmokeTestReport.Verdict
    /// The dearest last; skipped checks are not counted.
    package let catches: [Catch]
    /// The check of the likelihood, with its numbers, for what nothing sees.
    package let nearest: String?

    package var isSeen: Bool { !catches.isEmpty }
    package var isRefused: Bool { catches.contains { $0.outcome == .failed || $0.outcome == .unsupported } }

    /// What the report says; against another report only what is worse.
    init(_ report: SmokeTestReport, against healthy: SmokeTestReport? = nil) {
        verdict = report.verdict
        catches = report.checks.compactMap { check in
            let known = healthy?.checks.filter { $0.name == check.name }.map { Self.rank($0.outcome) }.max() ?? 0
            guard Self.rank(check.outcome) > known else { return nil }
            return Catch(
                check: check.name.rawValue, outcome: check.outcome, value: check.value, bound: check.bound,
                reason: check.reason, margin: Self.margin(check))
        }
        nearest = report[.meanNLL].flatMap { check in
            check.value.isEmpty ? nil : "\(check.name.rawValue) \(check.value), \(check.bound)"
        }
    }

    private static func rank(_ outcome: SmokeTestReport.Outcome) -> Int {
        switch outcome {
        case .passed, .notApplicable, .skipped: 0
        case .warned: 1
        case .unsupported: 2
        case .failed: 3
        }
    }

    /// The number that the value begins with over the number that the bound allows ("at most N", "at least N").
    private static func margin(_ check: SmokeTestReport.Check) -> Double? {
        var bound = Substring(check.bound)
        if check.outcome == .warned, let part = bound.range(of: "without warning") { bound = bound[part.upperBound...] }
        let limits = ["at most ", "at least ", "below "]
        guard let limit = limits.compactMap({ bound.range(of: $0)?.upperBound }).min(),
            let allowed = Self.leadingNumber(bound[limit...]), allowed != 0,
            let value = Self.leadingNumber(Substring(check.value))
        else { return nil }
        return value / allowed
    }

    private static func leadingNumber(_ text: Substring) -> Double? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || ".-+e".contains($0)) }
        return Double(digits) ?? Double(digits.prefix { $0.isNumber || $0 == "." || $0 == "-" })
    }
}
