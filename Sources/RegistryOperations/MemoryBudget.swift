import Foundation

/// How much memory smoke tests may take together, and how many may run at once.
package struct MemoryBudget: Sendable, Equatable {
    /// Bytes that were to be had before any test began.
    package var available: Int64
    package var cores: Int
    package private(set) var granted: Int64 = 0
    package private(set) var running = 0

    package init(available: Int64, cores: Int) {
        self.available = available
        self.cores = cores
    }

    /// Whether a test that needs that many bytes may begin now. Alone, any test may: weights are mapped, so one that is
    /// larger than memory is slow, not impossible.
    package func admits(_ need: Int64) -> Bool {
        guard running > 0 else { return true }
        let total = granted.addingReportingOverflow(need)
        return running < cores && !total.overflow && total.partialValue <= available
    }

    package mutating func take(_ need: Int64) {
        granted = granted.addingReportingOverflow(need).partialValue
        running += 1
    }

    package mutating func giveBack(_ need: Int64) {
        granted -= need
        running -= 1
    }

    /// What this machine, or the control group that this process lives in, has to give right now. Page cache counts as
    /// available: the kernel gives it back.
    package static func ofThisMachine() -> MemoryBudget {
        let machine = meminfo(text("/proc/meminfo"))
        let group = groupLimits.min() ?? .max
        return MemoryBudget(
            available: min(machine ?? .max, group), cores: max(1, ProcessInfo.processInfo.activeProcessorCount))
    }

    /// `MemAvailable` of a `/proc/meminfo`, in bytes.
    package static func meminfo(_ text: String) -> Int64? {
        for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            return line.split(separator: " ").compactMap { Int64($0) }.first?.multipliedReportingOverflow(by: 1024)
                .partialValue
        }
        return nil
    }

    /// What each control group above this process leaves: its limit less what cannot be taken back.
    private static var groupLimits: [Int64] {
        var limits: [Int64] = []
        for line in text("/proc/self/cgroup").split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isSecondVersion = fields[0] == "0"
            guard isSecondVersion || fields[1].split(separator: ",").contains("memory") else { continue }
            let root = isSecondVersion ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            // Inside a container the path may be the host's, and only the root of what is mounted here exists.
            var path = Substring(fields[2])
            while true {
                if let limit = groupLimit(root + path, isSecondVersion) { limits.append(limit) }
                guard let slash = path.lastIndex(of: "/"), !path.isEmpty else { break }
                path = path[..<slash]
            }
        }
        return limits
    }

    private static func groupLimit(_ folder: String, _ isSecondVersion: Bool) -> Int64? {
        let names =
            isSecondVersion ? ("memory.max", "memory.current") : ("memory.limit_in_bytes", "memory.usage_in_bytes")
        return groupLimit(
            maximum: text("\(folder)/\(names.0)"), current: text("\(folder)/\(names.1)"),
            statistics: text("\(folder)/memory.stat"))
    }

    /// - Parameters: the contents of a control group's files, empty where there is none.
    /// - Returns: nil where the group has no limit (`max`, or version 1's number beyond all memory).
    package static func groupLimit(maximum: String, current: String, statistics: String) -> Int64? {
        func number(_ text: String) -> Int64? { Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)) }
        guard let maximum = number(maximum), maximum < 1 << 60 else { return nil }
        // Files that were read count as used until the kernel wants their pages for something else.
        let cached = statistics.split(separator: "\n").first { $0.hasPrefix("inactive_file ") }
            .flatMap { number(String($0.dropFirst("inactive_file ".count))) }
        let used = max(0, (number(current) ?? 0) - max(0, cached ?? 0))
        return max(0, maximum - min(used, maximum))
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
