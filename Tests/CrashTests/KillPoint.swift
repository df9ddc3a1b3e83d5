import CrashWorkloads

/// A fault at one call of a workload.
struct KillPoint: Sendable, CustomStringConvertible {
    /// As CrashShim.c calls them.
    enum Mode: String, CaseIterable, Sendable {
        case before, after, half, short, full, broken, fills

        var isKill: Bool { [.before, .after, .half].contains(self) }

        func fits(_ kind: TraceCall.Kind) -> Bool {
            switch self {
            case .before, .after, .broken: true
            case .half, .short: kind == .write
            case .full, .fills: kind.needsRoom
            }
        }
    }

    /// From 1.
    let number: Int
    let kind: TraceCall.Kind
    let mode: Mode
    /// The start after it is killed as well, before its call of this number.
    var second: Int?

    var description: String {
        "\(mode.rawValue) \(number) (\(kind))" + (second.map { ", then before \($0)" } ?? "")
    }

    /// Every call of a workload with every fault that fits it.
    static func all(in calls: [TraceCall]) -> [KillPoint] {
        calls.enumerated().flatMap { index, call in
            Mode.allCases.filter { $0.fits(call.kind) }.map { KillPoint(number: index + 1, kind: call.kind, mode: $0) }
        }
    }
}

extension Array {
    /// So many of them, evenly; all where there are fewer.
    func thinned(to count: Int) -> [Element] {
        guard self.count > count else { return self }
        return (0..<count).map { self[$0 * self.count / count] }
    }
}
