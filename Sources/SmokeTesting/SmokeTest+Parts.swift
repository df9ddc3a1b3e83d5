import CGemmaKernels
import ModelFormats
import RegistryCore

/// The stored values of what is no language model: adapters, encoders, the modules behind an embedding model.
extension SmokeTest {
    /// Every number is finite and no matrix is all zero; where `zeroWarning` has a reason, such a matrix only warns.
    /// False stops the test.
    mutating func checkStored(_ tensors: ModelTensors, zeroWarning: (TensorFinding) -> String? = { _ in nil }) -> Bool {
        let bound = "no NaN and no infinity; matrices up to \(job.bounds.warnMagnitude)"
        do {
            let findings = try ValueScan.run(tensors) { progress(.noNaNOrInf, $0) }
            if let unread = findings.first(where: { !$0.hasNumbers && !$0.holdsIndices }) {
                record(
                    .noNaNOrInf, .unsupported, bound: bound,
                    reason: "\(shown(unread.name, tensors)) is stored as \(unread.element.rawValue), whose values this "
                        + "build does not read")
                return false
            }
            return checkFinite(findings, tensors, bound) && checkZeros(findings, tensors, zeroWarning)
        } catch {
            record(error, of: .noNaNOrInf, bound: bound)
            return false
        }
    }

    private mutating func checkFinite(_ findings: [TensorFinding], _ tensors: ModelTensors, _ bound: String) -> Bool {
        let broken = findings.filter { $0.nonFiniteCount > 0 }
        if let first = broken.first, let index = first.firstNonFinite {
            record(
                .noNaNOrInf, .failed, value: "\(broken.reduce(0) { $0 + $1.nonFiniteCount }) values", bound: bound,
                reason: "\(shown(first.name, tensors)) holds \(first.survey.nan_count) NaN and "
                    + "\(first.survey.infinity_count) infinite values, the first at flat index \(index)"
                    + andMore(broken.count))
            return false
        }
        let largest = findings.filter(\.isMatrix).max { $0.largestMagnitude < $1.largestMagnitude }
        let magnitude = largest?.largestMagnitude ?? 0
        record(
            .noNaNOrInf, Double(magnitude) > job.bounds.warnMagnitude ? .warned : .passed,
            value: "0 values, largest magnitude \(magnitude)", bound: bound,
            reason: "\(findings.count) tensors scanned, the largest magnitude of a matrix is in "
                + (largest.map { shown($0.name, tensors) } ?? "none"))
        return true
    }

    private mutating func checkZeros(
        _ findings: [TensorFinding], _ tensors: ModelTensors, _ zeroWarning: (TensorFinding) -> String?
    ) -> Bool {
        let bound = "no matrix of zeros", matrices = findings.filter(\.isMatrix), zeros = matrices.filter(\.isAllZero)
        let broken = zeros.filter { zeroWarning($0) == nil }
        if let first = broken.first {
            record(
                .noAllZeroMatrix, .failed, value: "\(broken.count) matrices", bound: bound,
                reason: "\(shown(first.name, tensors)) holds \(first.count) zeros and nothing else"
                    + andMore(broken.count))
            return false
        }
        if let first = zeros.first {
            record(
                .noAllZeroMatrix, .warned, value: "\(zeros.count) of \(matrices.count) matrices", bound: bound,
                reason: "\(shown(first.name, tensors)) is all zeros\(andMore(zeros.count)): "
                    + (zeroWarning(first) ?? ""))
        } else {
            record(
                .noAllZeroMatrix, .passed, value: "0 of \(matrices.count) matrices", bound: bound,
                reason: "\(findings.count) tensors scanned")
        }
        return true
    }
}

extension TensorFinding {
    /// Numbers that only say which: nothing is computed with them.
    fileprivate var holdsIndices: Bool {
        [.i64, .i32].contains(element) && ["position_ids", "token_ordering"].contains { name.hasSuffix($0) }
    }
}
