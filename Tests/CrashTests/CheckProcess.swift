import CrashWorkloads
import Foundation
import Glibc

/// A `CrashChild check` that looks at one place after the other: starting a process for each costs more than the look.
///
/// Used by one thread at a time. One that ends or hangs over a place is a finding, and the next place gets a new one.
final class CheckProcess {
    /// Far more than the slowest look takes on a busy machine.
    private static let patience: Int32 = 120_000
    /// After so many places a new one begins, so that nothing can add up.
    private static let turns = 400

    private let program: String
    private let environment: [String: String]
    private var running: (pid: pid_t, line: Int32)?
    private var looks = 0

    init(_ program: String, _ environment: [String: String]) {
        self.program = program
        self.environment = environment
    }

    deinit { end() }

    func look(_ workload: Workload, at place: Place) throws -> Verdict {
        if looks >= Self.turns { end() }
        if running == nil { try begin() }
        looks += 1
        guard let running else { throw CrashFinding("\(program) does not run") }
        let order = Array("\(workload.rawValue) \(place.root)\n".utf8)
        guard write(running.line, order, order.count) == order.count, let line = Self.line(from: running.line),
            let verdict = try? JSONDecoder().decode(Verdict.self, from: Data(line))
        else {
            let status = end()
            return Verdict(finding: "the look at it ended with status \(status)")
        }
        return verdict
    }

    private func begin() throws {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw CrashFinding("no line to a process: \(errno)") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        let pid = try ChildRun.spawn(program, ["check"], environment, &actions)
        close(ends[1])
        running = (pid, ends[0])
        looks = 0
    }

    /// - Returns: how it ended, as waitpid says it.
    @discardableResult
    private func end() -> Int32 {
        guard let (pid, line) = running else { return 0 }
        running = nil
        shutdown(line, Int32(SHUT_WR))
        // Between two looks it ends by itself; in the middle of one it hangs.
        var waiting = pollfd(fd: line, events: Int16(POLLIN), revents: 0)
        if poll(&waiting, 1, 5_000) <= 0 { kill(pid, SIGKILL) }
        close(line)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1, errno == EINTR {}
        return status
    }

    private static func line(from descriptor: Int32) -> [UInt8]? {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while line.last != UInt8(ascii: "\n") {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, patience) == 1 else { return nil }
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return nil }
            line += buffer[..<count]
        }
        return line
    }
}
