import GemmaInference
import ModelFormats
import RegistryCore

extension WeightComparison {
    /// A matrix, as a whole first, then rows that stand out, then single numbers.
    mutating func judge(
        _ part: String, _ name: String, _ own: StoredRows, _ base: StoredRows, _ difference: TensorDifference,
        error: Double
    ) {
        guard difference.isFinite else {
            add(part, .warned, "the base model's \(printable(part)) holds NaN or infinity", severity: 1)
            return
        }
        // Where most rows are near, what is not says more than a figure of the whole.
        if difference.medianRowDistance <= 3 * error + 0.1 {
            let before = findings.count
            judgeNumbers(part, name, own, base, difference, error: error)
            judgeRows(part, name, own, base, difference, error: error)
            if findings[before...].contains(where: { $0.outcome == .failed }) { return }
        }
        judgeWhole(part, name, own, difference, error: error)
    }

    private mutating func judgeWhole(
        _ part: String, _ name: String, _ own: StoredRows, _ difference: TensorDifference, error: Double
    ) {
        let distance = difference.distance, cosine = difference.cosine
        let figures = "distance \(rounded(distance)), cosine \(rounded(cosine))"
        if cosine < bounds.minimumBaseCosine {
            countUnlike()
            let source = source(of: own, part).map { "; it is the base model's \($0)" } ?? ""
            add(part, .failed, "\(shown(name)) is not the base model's: \(figures)\(source)", severity: 5 - cosine)
        } else if relation == .quantised {
            let allowed = min(bounds.maximumStorageErrors * error + 0.1, 0.8)
            if distance > allowed {
                add(
                    part, .failed,
                    "\(shown(name)) is farther from the original than its storage explains: \(figures), allowed "
                        + rounded(allowed), severity: 3 + distance)
            } else if distance > bounds.warnStorageErrors * error + 0.002 {
                add(
                    part, .warned,
                    "\(shown(name)) is farther from the original than rounding to its type: \(figures), usual "
                        + "\(rounded(error)); it was trained further, or something is wrong with it",
                    severity: distance / error)
            }
        } else if difference.scale > bounds.warnBaseScale {
            add(
                part, difference.scale > bounds.maximumBaseScale ? .failed : .warned,
                "\(shown(name)) is \(rounded(difference.scale)) times as large as the base model's, or as small: "
                    + figures, severity: 3 + distance)
        } else if cosine < bounds.warnBaseCosine - 2 * error * error {
            add(part, .warned, "\(shown(name)) is far from the base model's: \(figures)", severity: 1 - cosine)
        }
    }

    /// Rows that are far from the base's while most rows are not.
    private mutating func judgeRows(
        _ part: String, _ name: String, _ own: StoredRows, _ base: StoredRows, _ difference: TensorDifference,
        error: Double
    ) {
        let usual = max(difference.medianRowDistance, error)
        let bound = min(max(4 * usual + 0.2, 0.2), 0.9)
        let outliers = (0..<difference.rowCount).filter {
            difference.distance(row: $0) > bound
                && (difference.cosine(row: $0) < 0.8 || difference.distance(row: $0) > 1)
        }
        guard let first = outliers.max(by: { difference.distance(row: $0) < difference.distance(row: $1) }) else {
            return
        }
        let exchanged = exchangedRow(among: outliers, own, base, error: error)
        if let (row, other) = exchanged {
            add(
                part, .failed, "\(shown(name)): row \(row) is the base model's row \(other)\(andMore(outliers.count))",
                severity: 3)
            return
        }
        let text =
            "\(shown(name)): row \(first) is far from the base model's (distance "
            + "\(rounded(difference.distance(row: first))), cosine \(rounded(difference.cosine(row: first)))), half of all rows are "
            + "nearer than \(rounded(difference.medianRowDistance))\(andMore(outliers.count))"
        // A fine-tune gives rows of the vocabulary that were never used a meaning.
        let isRetrained = relation != .quantised && isVocabulary(part)
        add(part, isRetrained ? .passed : .failed, text, severity: 2)
    }

    /// A pair of rows of which the first here is the second there.
    private func exchangedRow(
        among outliers: [Int], _ own: StoredRows, _ base: StoredRows, error: Double
    ) -> (own: Int, base: Int)? {
        // With hundreds of them, another pair is as good as any.
        let some = outliers.prefix(200)
        let theirs = some.map { base.row($0) }
        for row in some {
            let mine = own.row(row)
            for (other, values) in zip(some, theirs) where other != row {
                if cosine(mine, values) > 0.95 - error { return (row, other) }
            }
        }
        return nil
    }

    /// Single numbers that changed by far more than they were, and than their row is large.
    private mutating func judgeNumbers(
        _ part: String, _ name: String, _ own: StoredRows, _ base: StoredRows, _ difference: TensorDifference,
        error: Double
    ) {
        let bound = relation == .quantised && error < 0.004 ? 0.1 : 6
        let rows = (0..<difference.rowCount).filter { difference.largestChange(row: $0, columns: own.columns) > bound }
        var worst: (row: Int, column: Int, old: Float, new: Float, change: Double)?
        for row in rows.prefix(1000) {
            let mine = own.row(row), theirs = base.row(row)
            let rms = (theirs.reduce(0) { $0 + Double($1) * Double($1) } / Double(theirs.count)).squareRoot()
            let largest = Double(theirs.map(\.magnitude).max() ?? 0)
            for column in mine.indices {
                let moved = Double((mine[column] - theirs[column]).magnitude)
                let change = moved / max(rms + Double(theirs[column].magnitude), 1e-30)
                if change > bound, moved > 0.5 * largest || bound < 1, change > worst?.change ?? 0 {
                    worst = (row, column, theirs[column], mine[column], change)
                }
            }
        }
        guard let worst else { return }
        add(
            part, .failed,
            "\(shown(name)): row \(worst.row), column \(worst.column) is \(worst.new), the base model has \(worst.old), a "
                + "change of \(rounded(worst.change)) times its size and its row's, allowed \(bound)",
            severity: difference.isOneNumber(row: worst.row) ? 2.5 : 1.5)
    }

    /// A norm or another vector, as factors.
    mutating func compareVector(_ part: String, _ name: String, _ own: [Float], _ base: [Float], error: Double) {
        let isNorm = ScannedTensors.isNorm(part)
        let mine = own.map { Double($0 + (isNorm ? self.own.normOffset : 0)) }
        let theirs = base.map { Double($0 + (isNorm ? self.base.normOffset : 0)) }
        let changes = zip(mine, theirs).map { $0 - $1 }, count = Double(max(1, changes.count))
        let mean = changes.reduce(0, +) / count
        let spread = (changes.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        let size = theirs.reduce(0) { $0 + $1 * $1 }, change = changes.reduce(0) { $0 + $1 * $1 }
        let distance = size > 0 ? (change / size).squareRoot() : change > 0 ? .infinity : 0
        guard change.isFinite else {
            add(part, .warned, "the base model's \(printable(part)) holds NaN or infinity", severity: 1)
            return
        }
        noteVector(distance, name)
        guard change > 0 else { return }
        // The bases of fine-tunes are kept to a few percent; a shift of exactly 1 in every place is a convention.
        if isNorm, changes.count >= 4, abs(abs(mean) - 1) < 0.1, spread < 0.1 {
            add(
                part, .failed,
                "\(shown(name)): every factor is 1 \(mean > 0 ? "larger" : "smaller") than the base model's, as of norms that "
                    + "are stored minus 1 taken for others or the reverse", severity: 6)
            return
        }
        let scale = mine.reduce(0) { $0 + $1 * $1 } / max(size, 1e-300)
        let times = max(scale, 1 / max(scale, 1e-300)).squareRoot()
        if isNorm, relation != .quantised, size > 0, times > bounds.maximumBaseScale {
            add(
                part, .failed,
                "\(shown(name)) is \(rounded(times)) times as large as the base model's, or as small: distance "
                    + rounded(distance), severity: 4)
            return
        }
        let rms = (size / count).squareRoot()
        let spike = zip(changes, theirs).map { abs($0) / max(rms + abs($1), 1e-30) }.enumerated().max {
            $0.element < $1.element
        }
        let allowed = relation == .quantised ? 0.1 + 4 * error : 1
        if distance > allowed || (spike?.element ?? 0) > (relation == .quantised ? 0.5 : 6) {
            let place =
                spike.map { "; column \($0.offset) is \(own[$0.offset]), the base model has \(base[$0.offset])" } ?? ""
            add(
                part, .failed,
                "\(shown(name)) is far from the base model's: distance \(rounded(distance)), allowed \(rounded(allowed))\(place)",
                severity: 2 + min(distance, 2))
        } else if distance > (relation == .quantised ? 0.002 + 2 * error : 0.3) {
            add(
                part, .warned, "\(shown(name)) is some way from the base model's: distance \(rounded(distance))",
                severity: distance)
        }
    }

    /// Which of the base's matrices of the same kind this one is, if any: of another layer, or the other of gate and up.
    private func source(of own: StoredRows, _ part: String) -> String? {
        var candidates: [String] = []
        if let (kind, layer) = ScannedTensors.kind(part) {
            let halves = kind.split(separator: "*", omittingEmptySubsequences: false)
            candidates = (0..<1024).map { halves.joined(separator: "\($0)") }
            for (one, two) in [("gate_proj", "up_proj"), ("k_proj", "v_proj"), ("q_proj", "o_proj")] {
                let name = halves.joined(separator: "\(layer)")
                candidates += [name.replacing(one, with: two), name.replacing(two, with: one)]
            }
        }
        for candidate in candidates where candidate != part {
            guard let name = base.find(candidate), let rows = try? base.weights.rows(of: name) else { continue }
            if own.cosine(to: rows) > 0.9 { return printable(base.tensors.storedName(name)) }
        }
        return nil
    }

    private func cosine(_ one: [Float], _ two: [Float]) -> Double {
        let sums = zip(one, two).reduce(into: (0.0, 0.0, 0.0)) { sums, pair in
            sums.0 += Double(pair.0) * Double(pair.0)
            sums.1 += Double(pair.1) * Double(pair.1)
            sums.2 += Double(pair.0 - pair.1) * Double(pair.0 - pair.1)
        }
        return TensorDifference.cosine(sums.0, sums.1, sums.2)
    }

}

/// A number with four digits that count, the same on every machine.
func rounded(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    var unit = 1.0
    while abs(value) * unit < 1000, unit < 1e12 { unit *= 10 }
    return "\((value * unit).rounded() / unit)"
}
