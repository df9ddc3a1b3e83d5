import GemmaInference
import ModelFormats

/// A plainly stored matrix of which few different numbers are left: it was rounded to fewer bits before.
struct CoarseMatrix {
    let finding: TensorFinding
    /// Different numbers in the sample.
    let distinct: Int
    /// Numbers in the sample.
    let sampled: Int

    /// Numbers looked at in each matrix: of normal numbers in BF16, 4096 hold some 1300 different ones (the fixtures' at
    /// least 551), of FP8 or 8-bit integers with one scale at most 256, of 4-bit integers 16.
    private static let sampleSize = 4096

    /// The matrices with as few different numbers as 8 bits can tell apart, in the order of the file.
    static func all(in scanned: ScannedTensors) -> [CoarseMatrix] {
        // What cannot be read counts as nothing: the scan has just read it.
        guard let weights = try? StoredWeights(scanned.tensors) else { return [] }
        return scanned.findings.compactMap { finding in
            guard finding.isPlain, finding.hasRows, scanned.isNeeded(finding), finding.count >= 1024,
                let rows = try? weights.rows(of: finding.name)
            else { return nil }
            let wanted = max(1, min(rows.count, sampleSize / max(1, rows.columns)))
            // Spread over the matrix, and cut off where a row alone is more than the sample.
            let numbers = (0..<wanted).flatMap { rows.row($0 * rows.count / wanted).prefix(sampleSize) }
                .map(\.bitPattern).sorted()
            let distinct = zip(numbers, numbers.dropFirst()).reduce(1) { $0 + ($1.0 == $1.1 ? 0 : 1) }
            guard distinct <= 256, distinct <= numbers.count / 8 else { return nil }
            return CoarseMatrix(finding: finding, distinct: distinct, sampled: numbers.count)
        }
    }
}
