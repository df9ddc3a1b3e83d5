import CrashWorkloads
import Foundation
import Glibc

/// A child process, started and waited for. Not Foundation's Process, which costs more than the child does.
struct ChildRun {
    enum Status: Equatable {
        case exited(Int32)
        case signalled(Int32)
    }

    struct Ended: CustomStringConvertible {
        let status: Status
        let output: String
        let complaint: String
        var description: String { "\(status): \(complaint)" }
    }

    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let saysInto: String?

    /// - Parameter saysInto: a file that its standard output is appended to; nil where that is wanted here.
    init(_ program: String, _ arguments: [String], _ environment: [String: String] = [:], saysInto: String? = nil) {
        self.program = program
        self.arguments = arguments
        self.saysInto = saysInto
        self.environment = environment
    }

    func wait() throws -> Ended {
        let trouble = Self.scratch()
        let said = saysInto.map { open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644) } ?? Self.scratch()
        defer {
            close(trouble)
            close(said)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, said, 1)
        posix_spawn_file_actions_adddup2(&actions, trouble, 2)
        let pid = try Self.spawn(program, arguments, environment, &actions)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1, errno == EINTR {}
        let isSignal = status & 0x7f != 0
        return Ended(
            status: isSignal ? .signalled(status & 0x7f) : .exited(status >> 8 & 0xff),
            output: saysInto == nil ? Self.text(said) : "", complaint: Self.text(trouble))
    }

    static func spawn(
        _ program: String, _ arguments: [String], _ environment: [String: String],
        _ actions: inout posix_spawn_file_actions_t
    ) throws -> pid_t {
        // A crash is what is asked for here; nobody reads its backtrace.
        let variables = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "SWIFT_BACKTRACE": "enable=no"]
            .merging(environment) { $1 }
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var settings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + settings { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, nil, &words, &settings)
        guard code == 0 else { throw CrashFinding("\(program): \(String(cString: strerror(code)))") }
        return pid
    }

    /// A file without a name.
    private static func scratch() -> Int32 {
        var name = Array("/tmp/lapidary-crash-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func text(_ descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        lseek(descriptor, 0, SEEK_SET)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
