import Dispatch
import Glibc
package import RegistryCore

/// Runs a program of ours in a sealed process of its own (CSandbox): a job in, progress and a report out, and nothing
/// left behind whichever way it ends.
///
/// The program is one that links CSandbox and answers through ``SealedChild``. What it may write is bounded, and so is
/// what this process holds of it.
package struct SealedProcess: Sendable {
    /// Absolute paths: the program, and the folders and files that the child may read.
    package let executable: String
    package let readable: [String]
    /// Bytes of address space; mapped files count.
    package let memoryLimit: Int64
    package let timeLimit: Duration
    /// 0 to 19; 19 gives way to everything else.
    package let niceness: Int
    package let leastLevel: SandboxLevel

    package static let jobLimit = 16 << 20
    /// One pool for the arithmetic and one of Dispatch's, several times over.
    let threadLimit = 128 + 4 * processors

    package init(
        executable: String, readable: [String], memoryLimit: Int64, timeLimit: Duration, niceness: Int = 0,
        leastLevel: SandboxLevel = .seccomp
    ) {
        self.executable = executable
        self.readable = readable
        self.memoryLimit = memoryLimit
        self.timeLimit = timeLimit
        self.niceness = min(max(niceness, 0), 19)
        self.leastLevel = leastLevel
    }

    package struct Outcome: Sendable {
        package let report: [UInt8]
        /// What the child says of its report; its exit status agrees.
        package let passed: Bool
        package let level: SandboxLevel
        /// The step that the next level wanted and did not get, e.g. `namespaces: operation not permitted`; nil at the
        /// highest.
        package let shortOf: String?
        package let seconds: Double
    }

    /// Blocking work of its own; cancelling the task ends the child at once. `progress` is called in order, never
    /// after the return, on the thread that waits.
    package func run(
        job: [UInt8], progress: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws(SealedProcessError) -> Outcome {
        guard job.count <= Self.jobLimit else {
            throw .cannotStart("its job of \(job.count) bytes is over \(Self.jobLimit)")
        }
        let bell: CancellationBell
        do throws(Errno) { bell = try CancellationBell() } catch { throw .cannotStart("eventfd: \(error)") }
        defer { bell.close() }
        let result: Result<Outcome, SealedProcessError>
        do {
            result = try await withTaskCancellationHandler {
                try await blocking(qos: .userInitiated) {
                    Result { () throws(SealedProcessError) in
                        var run = try SealedRun(self, job: job, progress: progress)
                        return try run.finish(cancelledBy: bell)
                    }
                }
            } onCancel: {
                bell.ring()
            }
        } catch {
            throw .cannotStart("\(error)")
        }
        return try result.get()
    }

    private static let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    func arguments(groups: [String]) -> [String] {
        // A backstop: no run gets there before its time is up.
        let processorSeconds = (timeLimit.milliseconds / 1000 + 1).multipliedReportingOverflow(
            by: Int64(Self.processors))
        return [
            executable, "sealed-smoke-test", "least=\(leastLevel.rawValue)",
            "wall-ms=\(max(1, timeLimit.milliseconds))", "memory=\(max(1, memoryLimit))",
            "cpu=\(processorSeconds.overflow ? Int64(UInt32.max) : processorSeconds.partialValue + 10)",
            "threads=\(threadLimit)", "nice=\(niceness)",
        ] + readable.map { "read=" + $0 } + groups.map { "group=" + $0 }
    }
}
