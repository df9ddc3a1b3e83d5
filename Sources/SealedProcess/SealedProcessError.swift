package import RegistryCore

/// Why a sealed process brought no report. The texts say what was seen; those that count against the model end a test
/// as failed, the others leave it without a verdict.
package enum SealedProcessError: Error, Equatable, CustomStringConvertible {
    case cannotStart(String)
    /// The launcher could not seal as far as asked.
    case notSealed(least: SandboxLevel, String)
    case cancelled
    case outOfTime(Duration)
    case outOfMemory(String)
    case tooManyThreads(Int)
    /// It wrote what no child of ours writes.
    case broken(String)
    /// It ended without a report; `trouble` is what it said on standard error, bounded.
    case ended(String, trouble: String)
    case disagreement(passed: Bool, status: String)

    package var countsAgainstModel: Bool {
        switch self {
        case .cannotStart, .notSealed, .cancelled: false
        case .outOfTime, .outOfMemory, .tooManyThreads, .broken, .ended, .disagreement: true
        }
    }

    package var description: String {
        switch self {
        case .cannotStart(let reason): "the sealed process cannot be started: \(reason)"
        case .notSealed(let least, let reason):
            "the process could not be sealed to level \(least.rawValue) (\(least.sentence)), so the model was not run: "
                + reason
        case .cancelled: "cancelled, and the sealed process ended"
        case .outOfTime(let limit): "no report within \(limit.milliseconds) ms, so the sealed process was ended"
        case .outOfMemory(let how): "out of memory: \(how)"
        case .tooManyThreads(let limit): "more than \(limit) threads, so the sealed process was ended"
        case .broken(let reason): "the sealed process sent \(reason), so it was ended and nothing it said counts"
        case .ended(let how, let trouble):
            "the sealed process \(how) without a report" + (trouble.isEmpty ? "" : ": \(trouble)")
        case .disagreement(let passed, let status):
            "the report says \(passed ? "passed" : "not passed"), but the sealed process \(status)"
        }
    }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000).partialValue
    }
}
