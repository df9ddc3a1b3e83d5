import FaultInjection
import RegistryCore
import SmokeTesting

/// What `lapidary bench faults` prints: every row, and the sum of them.
struct FaultReport: Codable, Sendable {
    /// The faults of one checkpoint; noticeable are those that move the likelihood by more than 2 %, or leave nothing
    /// to run.
    struct Sum: Codable, Sendable {
        let checkpoint: String
        let healthyVerdictAlone: SmokeTestReport.Verdict
        let healthyVerdictBeside: SmokeTestReport.Verdict
        let faults: Int
        let noticeable: Int
        let seenAlone: Int
        let seen: Int
        let refused: Int
        let missed: [String]
        /// Seen although the likelihood hardly moves.
        let seenBesides: Int
    }

    let rows: [FaultRow]
    let sums: [Sum]

    init(rows: [FaultRow]) {
        self.rows = rows
        var names: [String] = []
        for row in rows where !names.contains(row.checkpoint) { names.append(row.checkpoint) }
        sums = names.map { name in
            let own = rows.filter { $0.checkpoint == name }
            let healthy = own.first { $0.fault == FaultRow.healthyName }
            let broken = own.filter { $0.fault != FaultRow.healthyName }, noticeable = broken.filter(\.isNoticeable)
            return Sum(
                checkpoint: name, healthyVerdictAlone: healthy?.alone.verdict ?? .failed,
                healthyVerdictBeside: healthy?.beside.verdict ?? .failed, faults: broken.count,
                noticeable: noticeable.count, seenAlone: noticeable.count { $0.alone.isSeen },
                seen: noticeable.count { $0.isSeen }, refused: noticeable.count { $0.isRefused },
                missed: noticeable.filter { !$0.isSeen }.map(\.fault),
                seenBesides: broken.count { !$0.isNoticeable && $0.isSeen })
        }
    }

    func lines(withReasons: Bool) -> [String] {
        var table = Table(head: ["CHECKPOINT", "FAULT", "MEAN NLL", "SHIFT", "PERCENT", "ALONE", "BESIDE ITS ORIGINAL"])
        for row in rows {
            table.rows.append([
                row.checkpoint, row.fault, number(row.meanNLL), number(row.shift, signed: true),
                row.relativeShift.map { number($0 * 100, digits: 1, signed: true) } ?? "-",
                text(row.alone, row), text(row.beside, row) + (withReasons ? reasons(row) : ""),
            ])
        }
        var total = Table(
            head: [
                "CHECKPOINT", "HEALTHY", "FAULTS", "OVER 2 %", "SEEN ALONE", "SEEN", "REFUSED", "MISSED",
                "SEEN UNDER 2 %",
            ])
        for sum in sums {
            total.rows.append([
                sum.checkpoint, "\(sum.healthyVerdictAlone.rawValue), \(sum.healthyVerdictBeside.rawValue)",
                "\(sum.faults)", "\(sum.noticeable)", "\(sum.seenAlone)", "\(sum.seen)", "\(sum.refused)",
                "\(sum.missed.count)", "\(sum.seenBesides)",
            ])
        }
        let missed = sums.filter { !$0.missed.isEmpty }.map {
            "missed in \($0.checkpoint): \($0.missed.joined(separator: ", "))"
        }
        return table.lines + [""] + total.lines + (missed.isEmpty ? [] : [""] + missed)
    }

    private func text(_ sighting: FaultSighting, _ row: FaultRow) -> String {
        if row.fault == FaultRow.healthyName, sighting.catches.isEmpty { return sighting.verdict.rawValue }
        guard !sighting.catches.isEmpty else { return row.isSeen ? "not seen" : row.explanation }
        return sighting.catches.map { found in
            "\(found.check) \(found.outcome.rawValue)" + (found.margin.map { " (\(number($0, digits: 2))x)" } ?? "")
        }.joined(separator: ", ")
    }

    private func reasons(_ row: FaultRow) -> String {
        let all = row.beside.catches.isEmpty ? row.alone.catches : row.beside.catches
        return all.first.map { ": \($0.reason)" } ?? ""
    }

    private func number(_ value: Double?, digits: Int = 3, signed: Bool = false) -> String {
        guard let value, !value.isNaN else { return value == nil ? "-" : "NaN" }
        let sign =
            signed && (value >= 0 || Quantity.fixed(value, digits).allSatisfy { !("1"..."9").contains($0) }) ? "+" : ""
        return sign + (abs(value) < 1e6 ? Quantity.fixed(value, digits) : "\(Float(value))")
    }
}
