import Foundation
import RegistryCore
import RegistryOperations
import Synchronization

/// What one run of a program took.
struct ProcessCost: Sendable {
    let seconds: Double
    /// User and system.
    let cpuSeconds: Double
    /// The most memory that no file backs, in bytes, as seen every few milliseconds; nil when it was no process.
    let peakAnonymousBytes: Int?
    /// The most resident memory, mapped files included, as the system kept it (VmHWM).
    let peakResidentBytes: Int?
    let output: String
    /// Processor time of the whole machine meanwhile, the kernel's threads and other programs included; nil when it was
    /// not looked at.
    var machineSeconds: Double?
}

/// Runs a program to its end and looks at it meanwhile.
enum MeasuredProcess {
    /// Runs one program at a time: its processor time is what the children of this process gained. Blocking.
    /// - Throws: Failure with the end of its error output when it does not end with a status of `allowing`.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil,
        allowing statuses: Set<Int32> = [0]
    ) throws -> ProcessCost {
        let folder = FileManager.default.temporaryDirectory.path + "/lapidary-run-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files, because a pipe that nobody empties stops a talkative program.
        process.standardOutput = try emptyFile(folder + "/output")
        process.standardError = try emptyFile(folder + "/errors")
        if let input {
            try input.write(to: URL(filePath: folder + "/input"))
            process.standardInput = try FileHandle(forReadingFrom: URL(filePath: folder + "/input"))
        }
        let end = Mutex<ContinuousClock.Instant?>(nil)
        process.terminationHandler = { _ in end.withLock { $0 = .now } }
        let machine = machineSeconds(), before = childrenCPUSeconds(), start = ContinuousClock.now
        try process.run()
        var anonymous = 0, resident = 0
        var ended: ContinuousClock.Instant?
        while ended == nil {
            let memory = memory(of: process.processIdentifier)
            anonymous = max(anonymous, memory.anonymous)
            resident = max(resident, memory.resident)
            // Looking is work too, on the same cores as what is measured.
            usleep(10_000)
            ended = end.withLock { $0 }
        }
        let seconds = ended.map { ($0 - start) / .seconds(1) } ?? 0
        let output = (try? String(contentsOfFile: folder + "/output", encoding: .utf8)) ?? ""
        guard statuses.contains(process.terminationStatus) else {
            let errors = ((try? String(contentsOfFile: folder + "/errors", encoding: .utf8)) ?? "")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            throw Failure(
                message: "\(program) ended with \(process.terminationStatus): \(String(errors.suffix(400)).printable)",
                exitCode: 1)
        }
        return ProcessCost(
            seconds: seconds, cpuSeconds: childrenCPUSeconds() - before, peakAnonymousBytes: anonymous,
            peakResidentBytes: resident, output: output,
            machineSeconds: machine.flatMap { before in machineSeconds().map { $0 - before } })
    }

    /// Since the machine started: all that is not idle or waiting (proc_stat(5)), to the hundredth.
    private static func machineSeconds() -> Double? {
        let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8)
        let ticks = (text?.prefix { $0 != "\n" } ?? "").split(separator: " ").dropFirst().compactMap { Double($0) }
        // user nice system idle iowait irq softirq steal
        guard ticks.count >= 8 else { return nil }
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func emptyFile(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(filePath: path))
        return try FileHandle(forWritingTo: URL(filePath: path))
    }

    private static func memory(of process: Int32) -> (anonymous: Int, resident: Int) {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        var anonymous = 0, resident = 0
        for line in status.utf8.split(separator: UInt8(ascii: "\n")) {
            let isPeak = line.starts(with: "VmHWM:".utf8)
            guard isPeak || line.starts(with: "RssAnon:".utf8) || line.starts(with: "RssShmem:".utf8),
                let kilobytes = Int(String(decoding: line.filter { (0x30...0x39).contains($0) }, as: UTF8.self))
            else { continue }
            if isPeak { resident = kilobytes * 1024 } else { anonymous += kilobytes * 1024 }
        }
        return (anonymous, resident)
    }

    private static func childrenCPUSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
