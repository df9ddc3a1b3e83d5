import CGemmaKernels
import ModelFormats
import RegistryCore

extension SmokeTest {
    /// What sizes of numbers tell without another model: single numbers far beyond their rows, layers far from the
    /// others, norms with the wrong sign.
    mutating func checkStatistics(_ scanned: ScannedTensors) -> Bool {
        let bounds = job.bounds
        let bound =
            "no number above \(bounds.maximumMagnitude) or \(bounds.maximumSpike) times its matrix's typical row; "
            + "layers within \(bounds.maximumLayerRatio) times each other; norms that do not change signs; as many different "
            + "numbers as the type can tell apart"
        let spikes = scanned.findings.filter { $0.hasRows && scanned.isNeeded($0) }.map { Spike($0) }
        let largest = spikes.max { $0.ratio < $1.ratio }
        let kinds = LayerKind.all(in: scanned)
        let farthest = kinds.max { $0.worst.ratio < $1.worst.ratio }
        let norms = scanned.negativeNorms()
        let value =
            "largest number \(rounded(largest?.ratio ?? 0)) times its matrix's typical row, layers within "
            + "\(rounded(farthest?.worst.ratio ?? 1)) times, \(percent(norms.part)) of norm factors below 0"
        func finish(_ outcome: SmokeTestReport.Outcome, _ reason: String) -> Bool {
            record(.weightStatistics, outcome, value: value, bound: bound, reason: reason)
            return outcome != .failed
        }
        let huge = scanned.findings.filter {
            scanned.isNeeded($0) && Double($0.largestMagnitude) > bounds.maximumMagnitude
        }
        if let first = huge.first {
            return finish(
                .failed,
                "\(scanned.shown(first)) holds \(first.largestMagnitude) in row \(first.survey.largest_row), more than "
                    + "any trained weight" + andMore(huge.count))
        }
        let isSpiky = largest.map { $0.ratio > bounds.warnSpike } ?? false
        if let largest, isSpiky {
            let reason =
                "\(scanned.shown(largest.finding)) holds \(largest.finding.largestMagnitude) in row "
                + "\(largest.finding.survey.largest_row), \(rounded(largest.ratio)) times the root mean square of its "
                + "typical row"
            if largest.ratio > bounds.maximumSpike { return finish(.failed, reason) }
            return finish(.warned, reason)
        }
        if let farthest, farthest.worst.ratio > bounds.warnLayerRatio {
            return finish(
                farthest.worst.ratio > bounds.maximumLayerRatio ? .failed : .warned,
                "\(scanned.shown(farthest.worst.finding)) has a root mean square of "
                    + "\(rounded(farthest.worst.finding.rms)), the typical layer's is \(rounded(farthest.median))")
        }
        if norms.part > bounds.warnNegativeNorms, let name = norms.worst {
            return finish(
                .warned,
                "\(percent(norms.part)) of the norms' factors are below 0, most in \(printable(name)): norms stored minus 1 "
                    + "and norms stored as they are seem to be mixed up")
        }
        let coarse = CoarseMatrix.all(in: scanned)
        if let first = coarse.first {
            return finish(
                .warned,
                "\(scanned.shown(first.finding)) is stored as \(first.finding.element.rawValue), but \(first.sampled) of "
                    + "its numbers are only \(first.distinct) different ones: it was rounded to fewer bits before"
                    + andMore(coarse.count))
        }
        return finish(.passed, "\(spikes.count) matrices of \(kinds.count) kinds compared with each other")
    }
}

/// A matrix's largest number beside its typical row.
private struct Spike {
    let finding: TensorFinding
    let ratio: Double

    init(_ finding: TensorFinding) {
        self.finding = finding
        let typical = finding.typicalRowRMS
        // Rows of which most are zeros have no typical size.
        ratio = typical > 0 && finding.zeroPart < 0.5 ? Double(finding.largestMagnitude) / typical : 0
    }
}

/// The same matrix of every layer.
private struct LayerKind {
    let median: Double
    let worst: (finding: TensorFinding, ratio: Double)

    /// Kinds of which there are enough layers to call one typical.
    static func all(in scanned: ScannedTensors) -> [LayerKind] {
        let matrices = scanned.findings.filter { $0.hasRows && scanned.isNeeded($0) && !$0.isAllZero }
        let kinds = Dictionary(grouping: matrices) { ScannedTensors.kind($0.name)?.kind ?? "" }
        return kinds.filter { !$0.key.isEmpty && $0.value.count >= 4 }.sorted { $0.key < $1.key }.compactMap {
            _, layers in
            let sizes = layers.map(\.typicalRowRMS).sorted(), median = sizes[sizes.count / 2]
            guard median > 0 else { return nil }
            let ratios = layers.map { ($0, max($0.typicalRowRMS / median, median / max($0.typicalRowRMS, 1e-30))) }
            return ratios.max { $0.1 < $1.1 }.map { LayerKind(median: median, worst: $0) }
        }
    }
}

extension ScannedTensors {
    /// The part of all norms' factors that are below 0, and the norm with most of them. What cannot be read counts as
    /// nothing: the scan has just read it.
    fileprivate func negativeNorms() -> (part: Double, worst: String?) {
        guard let weights = try? StoredVectors(tensors) else { return (0, nil) }
        var negative = 0, total = 0, worst: (name: String, part: Double)?
        for finding in findings where isNorm(finding) {
            guard let values = weights[finding.name] else { continue }
            let count = values.count { ($0 + (normsAreStoredMinusOne ? 1 : 0)) < 0 }
            negative += count
            total += values.count
            let part = Double(count) / Double(max(1, values.count))
            if part > worst?.part ?? 0 { worst = (tensors.storedName(finding.name), part) }
        }
        return (Double(negative) / Double(max(1, total)), worst?.name)
    }
}
