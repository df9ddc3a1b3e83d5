import CSandbox
import Glibc
import RegistryCore

/// How the supervisor ended, as `waitpid` tells: with the child's own status, or with one that says why it ended it.
struct ChildStatus: Equatable {
    private let raw: Int32

    init(raw: Int32) { self.raw = raw }

    var signal: Int32? { raw & 0x7f == 0 ? nil : raw & 0x7f }
    var code: Int32? { signal == nil ? raw >> 8 & 0xff : nil }

    var text: String {
        if let code { return "exited with status \(code)" }
        let number = signal ?? 0
        return "was killed by signal \(number)" + (Self.names[number].map { " (\($0))" } ?? "")
    }

    private static let names: [Int32: String] = [
        SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE",
        SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGSYS: "SIGSYS", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU",
        SIGXFSZ: "SIGXFSZ",
    ]

    /// The reason that lies in how it ended, whatever it had sent before; nil where it returned by itself.
    func failure(of process: SealedProcess, sealed: Bool, trouble: String) -> SealedProcessError? {
        switch code {
        case .some(Int32(sandbox_refused)) where !sealed:
            return .notSealed(least: process.leastLevel, trouble)
        case .some(Int32(sandbox_out_of_time)): return .outOfTime(process.timeLimit)
        case .some(Int32(sandbox_too_many_threads)): return .tooManyThreads(process.threadLimit)
        case .some: return nil
        case nil: break
        }
        let allocating = trouble.contains("allocat") || trouble.contains("out of memory")
        switch signal {
        case SIGKILL: return .outOfMemory("\(text), perhaps by the kernel for want of memory")
        case SIGILL where allocating, SIGTRAP where allocating, SIGABRT where allocating, SIGSEGV where allocating:
            return .outOfMemory("\(text), \(Quantity.bytes(process.memoryLimit)) allowed: \(trouble)")
        case SIGBUS:
            return .ended("\(text): a file was cut short while it was read, or its disk failed", trouble: trouble)
        case SIGXCPU: return .ended("\(text): its processor time was used up", trouble: trouble)
        default: return .ended(text, trouble: trouble)
        }
    }
}
