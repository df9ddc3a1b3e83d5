import CGemmaKernels
import ModelFormats
import RegistryCore

extension SmokeTest {
    /// Rows, matrices and layers that say the same again and again.
    mutating func checkConstants(_ scanned: ScannedTensors) -> Bool {
        let bound =
            "no row of one number, no hole; at most \(percent(job.bounds.warnZeroPart)) zeros in a matrix, "
            + "\(percent(job.bounds.warnZeroPart / 10)) in one that is stored plainly"
        let matrices = scanned.findings.filter { $0.hasRows && $0.columns >= 16 }
        let broken = matrices.filter { $0.survey.constant_rows > 0 }
        if let first = broken.first {
            let rows = first.survey.constant_rows
            record(
                .noConstantTensor, .failed, value: "\(broken.reduce(0) { $0 + $1.survey.constant_rows }) rows",
                bound: bound,
                reason: "\(scanned.shown(first)) holds \(rows) of \(first.count / first.columns) rows that repeat one "
                    + "number, the first is row \(first.survey.first_constant_row)"
                    + (broken.count > 1 ? "; \(broken.count - 1) more tensors hold some" : ""))
            return false
        }
        // A page or a range of the file that was never written: numbers that training left do not stop for that long.
        if let first = matrices.first(where: { $0.isPlain && $0.survey.torn_rows > 0 && scanned.isNeeded($0) }) {
            record(
                .noConstantTensor, .failed, value: "\(first.survey.torn_rows) rows with a hole", bound: bound,
                reason: "\(scanned.shown(first)) holds rows in which \(gemma_zero_stretch) zeros or more follow each "
                    + "other, the first is row \(first.survey.first_torn_row)")
            return false
        }
        let sparse = matrices.filter { scanned.isNeeded($0) && !$0.isAllZero && $0.zeroPart > allowedZeros($0) }
        let holes = matrices.filter {
            scanned.isNeeded($0) && !$0.isAllZero && $0.survey.zero_rows > allowedZeroRows($0)
        }
        if let first = sparse.max(by: { $0.zeroPart < $1.zeroPart }) {
            record(
                .noConstantTensor, .warned, value: "\(percent(first.zeroPart)) zeros", bound: bound,
                reason: "\(scanned.shown(first)) holds \(first.survey.zero_count) zeros among \(first.count) numbers"
                    + andMore(sparse.count))
        } else if let first = holes.first {
            record(
                .noConstantTensor, .warned, value: "\(holes.reduce(0) { $0 + $1.survey.zero_rows }) rows of zeros",
                bound: bound,
                reason: "\(scanned.shown(first)) holds \(first.survey.zero_rows) rows of zeros, the first is row "
                    + "\(first.survey.first_zero_row)" + andMore(holes.count))
        } else {
            let most = matrices.map(\.zeroPart).max() ?? 0
            record(
                .noConstantTensor, .passed, value: "0 rows, at most \(percent(most)) zeros", bound: bound,
                reason: "\(matrices.count) matrices looked at row by row")
        }
        return true
    }

    /// Rounding to a few bits makes zeros of what is small; numbers that are stored plainly are next to never zero.
    private func allowedZeros(_ finding: TensorFinding) -> Double {
        finding.isPlain ? job.bounds.warnZeroPart / 10 : job.bounds.warnZeroPart
    }

    /// Rows of the vocabulary that no token uses may be empty, above all those at its end that fill it up; rows of other
    /// matrices are neurons that say nothing.
    private func allowedZeroRows(_ finding: TensorFinding) -> Int {
        let isVocabulary = finding.name.contains("embed_tokens") || finding.name.hasSuffix("lm_head.weight")
        guard isVocabulary else { return 0 }
        let rows = finding.count / finding.columns
        return rows - finding.survey.first_zero_row == finding.survey.zero_rows ? rows / 20 : rows / 50
    }

    /// Two matrices with the same bytes: a layer that was written twice.
    mutating func checkDuplicates(_ scanned: ScannedTensors) -> Bool {
        let bound = "no two matrices with the same bytes, besides a tied head"
        // Not what is left over: layers that share keys and values may still store copies of them.
        let matrices = scanned.findings.filter { finding in
            finding.isMatrix && !finding.isExpanded && !finding.isConstant
                && (scanned.isNeeded(finding) || scanned.isTower(finding) || scanned.tensors.isPart(finding.name))
        }
        let groups = Dictionary(grouping: matrices) { [$0.checksum, UInt64($0.range.count)] }
        var pairs: [(TensorFinding, TensorFinding)] = []
        for group in groups.values where group.count > 1 {
            for (first, second) in zip(group, group.dropFirst()) where !isLegitimate(first, second) {
                do {
                    guard try first.holdsTheBytes(of: second) else { continue }
                } catch {
                    record(.noDuplicateTensors, .failed, bound: bound, reason: "\(error)")
                    return false
                }
                pairs.append((first, second))
            }
        }
        guard let first = pairs.min(by: { $0.0.name.utf8.lexicographicallyPrecedes($1.0.name.utf8) }) else {
            record(
                .noDuplicateTensors, .passed, value: "0 pairs", bound: bound,
                reason: "\(matrices.count) matrices compared by their bytes")
            return true
        }
        // Layers are repeated on purpose where models are put together.
        let isMerged = BaseRelation(job) == .merged && job.base != nil
        let outcome: SmokeTestReport.Outcome = isMerged ? .warned : .failed
        record(
            .noDuplicateTensors, outcome, value: "\(pairs.count) pairs", bound: bound,
            reason: "\(scanned.shown(first.1)) holds the bytes of \(scanned.shown(first.0))\(andMore(pairs.count))")
        return outcome != .failed
    }

    /// A head beside the embedding that it is tied to, or matrices outside of layers.
    private func isLegitimate(_ first: TensorFinding, _ second: TensorFinding) -> Bool {
        let names = [first.name, second.name]
        let isHead = names.contains { $0.hasSuffix("lm_head.weight") }
        if isHead, names.contains(where: { $0.hasSuffix("embed_tokens.weight") }) { return true }
        // One stack of matrices may have been filled from one source before training.
        return ScannedTensors.kind(first.name) == nil && ScannedTensors.kind(second.name) == nil && !isHead
    }

    func percent(_ part: Double) -> String { "\((part * 1000).rounded() / 10) %" }
}

extension TensorFinding {
    /// Of one number, zero or another, throughout.
    fileprivate var isConstant: Bool {
        survey.zero_count == count || (hasRows && survey.zero_rows + survey.constant_rows == count / max(1, columns))
    }

    fileprivate func holdsTheBytes(of other: TensorFinding) throws -> Bool {
        guard range.count == other.range.count, element == other.element else {
            return false
        }
        let step = 1 << 20
        for offset in stride(from: 0, to: range.count, by: step) {
            let count = min(step, range.count - offset)
            let one = try file.bytes(at: range.lowerBound + offset, count: count)
            guard try other.file.bytes(at: other.range.lowerBound + offset, count: count) == one else {
                return false
            }
        }
        return true
    }
}
