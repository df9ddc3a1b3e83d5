import CGemmaKernels
import ModelFormats
import RegistryCore

extension SmokeTest {
    /// One pass over every stored number, then what it says of each tensor and of the tensors together. False stops the
    /// test.
    /// - Parameter needed: the tensors that are computed with; nil for those of a language model.
    mutating func checkValues(
        _ configuration: GemmaConfiguration, _ tensors: ModelTensors, needed: ExpectedTensors? = nil
    ) -> Bool {
        let findings: [TensorFinding], expected: ExpectedTensors
        do {
            expected = try needed ?? configuration.expectedTensors(in: tensors)
            findings = try ValueScan.run(tensors) { progress(.noNaNOrInf, $0) }
        } catch {
            record(.noNaNOrInf, .failed, bound: "no NaN and no infinity", reason: "\(error)")
            return false
        }
        let scanned = ScannedTensors(findings, tensors, expected, configuration)
        // All of them, whatever the first says: together they tell more of what happened to a file.
        return [
            checkFinite(scanned), checkZeros(scanned), checkConstants(scanned), checkDuplicates(scanned),
            checkStatistics(scanned),
        ].allSatisfy { $0 }
    }

    private mutating func checkFinite(_ scanned: ScannedTensors) -> Bool {
        let bound = "no NaN and no infinity; matrices up to \(job.bounds.warnMagnitude)"
        let broken = scanned.findings.filter { $0.nonFiniteCount > 0 && !scanned.mayBeInfinite($0) }
        let count = broken.reduce(0) { $0 + $1.nonFiniteCount }
        if let first = broken.first, let index = first.firstNonFinite {
            record(
                .noNaNOrInf, .failed, value: "\(count) values", bound: bound,
                reason: "\(scanned.shown(first)) holds \(first.survey.nan_count) NaN and "
                    + "\(first.survey.infinity_count) infinite values, the first at flat index \(index)"
                    + (broken.count > 1 ? "; \(broken.count - 1) more tensors hold some" : ""))
            return false
        }
        let largest = scanned.findings.filter { $0.hasNumbers && $0.isMatrix }
            .max { $0.largestMagnitude < $1.largestMagnitude }
        let isSuspicious = Double(largest?.largestMagnitude ?? 0) > job.bounds.warnMagnitude
        record(
            .noNaNOrInf, isSuspicious ? .warned : .passed,
            value: "0 values, largest magnitude \(largest?.largestMagnitude ?? 0)", bound: bound,
            reason: "\(scanned.findings.count) tensors scanned, the largest magnitude of a matrix is in "
                + (largest.map { scanned.shown($0) } ?? "none"))
        return true
    }

    private mutating func checkZeros(_ scanned: ScannedTensors) -> Bool {
        let bound = "no matrix of zeros, no norm that silences what it scales"
        let zeros = scanned.findings.filter(\.isAllZero)
        let broken = zeros.filter { scanned.mustNotBeZero($0) }
        if let first = broken.first {
            record(
                .noAllZeroMatrix, .failed, value: "\(broken.count) matrices", bound: bound,
                reason: "\(scanned.shown(first)) holds \(first.count) zeros and nothing else"
                    + (broken.count > 1 ? "; so do \(broken.count - 1) more" : ""))
            return false
        }
        let notable = zeros.filter { $0.isMatrix || scanned.isNorm($0) }
        if let first = notable.first {
            let why =
                scanned.isNorm(first)
                ? "which the arithmetic allows (this norm is stored minus 1) but training rarely leaves"
                : "which nothing that is run here reads"
            record(
                .noAllZeroMatrix, .warned, value: "0 needed matrices, \(notable.count) other tensors", bound: bound,
                reason: "\(scanned.shown(first)) is all zeros, \(why)")
            return true
        }
        record(
            .noAllZeroMatrix, .passed, value: "0 matrices", bound: bound,
            reason: "\(scanned.findings.count(where: \.isMatrix)) matrices scanned")
        return true
    }
}

/// The findings of a scan with what the model makes of its tensors.
struct ScannedTensors {
    let findings: [TensorFinding]
    let tensors: ModelTensors
    let configuration: GemmaConfiguration
    let embedding: String
    private let needed: Set<[UInt8]>

    init(
        _ findings: [TensorFinding], _ tensors: ModelTensors, _ expected: ExpectedTensors,
        _ configuration: GemmaConfiguration
    ) {
        self.findings = findings
        self.tensors = tensors
        self.configuration = configuration
        embedding = expected.prefix + "embed_tokens.weight"
        needed = Set(expected.required.map { Array($0.name.utf8) })
    }

    /// Whether the text model is computed with it.
    func isNeeded(_ finding: TensorFinding) -> Bool { needed.contains(Array(finding.name.utf8)) }

    func isNorm(_ finding: TensorFinding) -> Bool {
        isNeeded(finding) && finding.shape.count == 1 && Self.isNorm(finding.name)
    }

    /// `q_norm.weight`, `input_layernorm.weight`, `post_feedforward_layernorm_1.weight`, ….
    static func isNorm(_ name: String) -> Bool {
        name.hasSuffix(".weight") && name.split(separator: ".").dropLast().last?.contains("norm") == true
    }

    /// Part of an encoder for images or sound: not run here, but served.
    func isTower(_ finding: TensorFinding) -> Bool {
        let towers = ["vision_tower.", "audio_tower.", "embed_vision.", "embed_audio.", "multi_modal_projector."]
        return !isNeeded(finding) && towers.contains { finding.name.contains($0) }
    }

    /// Whether norms are stored as w of the factor 1 + w.
    var normsAreStoredMinusOne: Bool {
        switch configuration {
        case .gemma, .gemma2, .gemma3: !tensors.normsAreScales
        case .gemma3n, .gemma4: false
        }
    }

    func mustNotBeZero(_ finding: TensorFinding) -> Bool {
        if isNeeded(finding) { return finding.isMatrix || (isNorm(finding) && !normsAreStoredMinusOne) }
        // What else the text model stores is left over.
        return isTower(finding) && finding.isMatrix && !finding.name.hasSuffix(".bias")
    }

    /// Gemma 4's audio tower clips its activations, where it does, to bounds that may be infinite.
    func mayBeInfinite(_ finding: TensorFinding) -> Bool {
        let bounds = ["input_min", "input_max", "output_min", "output_max"]
        return finding.survey.nan_count == 0 && finding.count == 1 && !isNeeded(finding)
            && bounds.contains { finding.name.hasSuffix($0) }
    }

    /// A tensor's name as its file has it, and the file.
    func shown(_ finding: TensorFinding) -> String {
        "\(printable(tensors.storedName(finding.name))) in \(printable(finding.file.name))"
    }

    /// A name without the number of its layer, and that number.
    static func kind(_ name: String) -> (kind: String, layer: Int)? {
        guard let range = name.firstRange(of: "layers.") else { return nil }
        let digits = name[range.upperBound...].prefix { $0.isASCII && $0.isNumber }
        guard let layer = Int(digits) else { return nil }
        return (String(name[..<range.upperBound]) + "*" + String(name[digits.endIndex...]), layer)
    }
}
