import ModelFormats

extension SmokeTest {
    /// Above this a stored matrix is suspicious (corrupt OPT shards held 1e3 to 5e4), though not surely broken.
    static let suspiciousMagnitude: Float = 1e4

    /// Every stored number is finite, and no matrix that the model needs is all zero. False stops the test.
    mutating func checkValues(_ configuration: GemmaConfiguration, _ tensors: ModelTensors) -> Bool {
        let findings: [ValueScan.Finding], needed: Set<[UInt8]>
        do {
            needed = Set(try configuration.expectedTensors(in: tensors).required.map { Array($0.name.utf8) })
            findings = try ValueScan.run(tensors) { progress(.noNaNOrInf, $0) }
        } catch {
            record(.noNaNOrInf, .failed, bound: "no NaN and no infinity", reason: "\(error)")
            return false
        }
        let isFinite = checkFinite(findings)
        let isFilled = checkZeros(findings, needed)
        return isFinite && isFilled
    }

    private mutating func checkFinite(_ findings: [ValueScan.Finding]) -> Bool {
        let bound = "no NaN and no infinity; matrices up to \(Self.suspiciousMagnitude)"
        let broken = findings.filter { $0.firstNonFinite != nil }
        let count = broken.reduce(0) { $0 + $1.nanCount + $1.infinityCount }
        if let first = broken.first, let index = first.firstNonFinite {
            record(
                .noNaNOrInf, .failed, value: "\(count) values", bound: bound,
                reason: "\(printable(first.tensor.name)) in \(first.file) holds \(first.nanCount) NaN and "
                    + "\(first.infinityCount) infinite values, the first at flat index \(index)"
                    + (broken.count > 1 ? "; \(broken.count - 1) more tensors hold some" : ""))
            return false
        }
        let largest = findings.filter(\.isMatrix).max { $0.largestMagnitude < $1.largestMagnitude }
        let value = "0 values, largest magnitude \(largest?.largestMagnitude ?? 0)"
        let isSuspicious = (largest?.largestMagnitude ?? 0) > Self.suspiciousMagnitude
        record(
            .noNaNOrInf, isSuspicious ? .warned : .passed, value: value, bound: bound,
            reason: "\(findings.count) tensors scanned, the largest magnitude is in "
                + printable(largest?.tensor.name ?? "none"))
        return true
    }

    private mutating func checkZeros(_ findings: [ValueScan.Finding], _ needed: Set<[UInt8]>) -> Bool {
        let bound = "no matrix of zeros"
        let zeros = findings.filter(\.isAllZero)
        let broken = zeros.filter { $0.isMatrix && needed.contains(Array($0.tensor.name.utf8)) }
        if let first = broken.first {
            record(
                .noAllZeroMatrix, .failed, value: "\(broken.count) matrices", bound: bound,
                reason: "\(printable(first.tensor.name)) in \(first.file) holds \(first.tensor.elementCount) zeros "
                    + "and nothing else" + (broken.count > 1 ? "; so do \(broken.count - 1) more" : ""))
            return false
        }
        if let first = zeros.first {
            record(
                .noAllZeroMatrix, .warned, value: "0 matrices, \(zeros.count) other tensors", bound: bound,
                reason: "\(printable(first.tensor.name)) is all zeros, which the arithmetic allows (norms are stored "
                    + "minus 1) but training rarely leaves")
            return true
        }
        record(
            .noAllZeroMatrix, .passed, value: "0 matrices", bound: bound,
            reason: "\(findings.count(where: \.isMatrix)) matrices scanned")
        return true
    }
}
