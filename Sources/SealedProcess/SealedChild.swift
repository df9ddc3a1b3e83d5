import CSandbox
import Glibc
package import RegistryCore
import Synchronization

/// The sealed side: what a program does when CSandbox has sealed it before its main.
package struct SealedChild: Sendable {
    package let job: [UInt8]
    package let level: SandboxLevel
    private let nonce: [UInt8]

    /// Nil where this process is not a sealed one. Must come before anything else in main: reading the command line
    /// takes /proc, which is closed. Ends the process where its job cannot be read.
    package static func begin() -> SealedChild? {
        let state = sandbox_current()
        guard let level = SandboxLevel(rawValue: Int(state.level.rawValue)) else { return nil }
        let input = readInput()
        guard input.count >= SealedFrame.nonceLength else { leave(saying: "no job on standard input") }
        let child = SealedChild(
            job: Array(input.dropFirst(SealedFrame.nonceLength)), level: level,
            nonce: Array(input.prefix(SealedFrame.nonceLength)))
        var payload = [UInt8(clamping: level.rawValue)]
        if let missing = state.missing {
            payload += Array("\(String(cString: missing)): \(String(cString: strerror(state.missing_errno)))".utf8)
        }
        child.send(SealedFrame(kind: .sealed, payload: payload))
        return child
    }

    /// Up to 64 KiB; from any thread.
    package func send(progressBytes: [UInt8]) {
        send(SealedFrame(kind: .progress, payload: progressBytes))
    }

    /// The last word: up to 4 MiB, and an exit status that agrees with it.
    package func finish(reportBytes: [UInt8], passed: Bool) -> Never {
        send(SealedFrame(kind: passed ? .passed : .failed, payload: reportBytes))
        _exit(passed ? SealedFrame.passedStatus : SealedFrame.failedStatus)
    }

    private static let writing = Mutex(())

    private func send(_ frame: SealedFrame) {
        let bytes = frame.encoded(nonce: nonce)
        Self.writing.withLock { _ in
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes {
                    write(Int32(sandbox_result_descriptor), $0.baseAddress, $0.count)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { _exit(1) }
                written += count
            }
        }
    }

    private static func readInput() -> [UInt8] {
        var input: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let limit = SealedProcess.jobLimit + SealedFrame.nonceLength
        while input.count <= limit {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            input += buffer[..<count]
        }
        guard input.count <= limit else { leave(saying: "a job over \(limit) bytes") }
        return input
    }

    private static func leave(saying reason: String) -> Never {
        let line = Array("sealed process: \(reason)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        _exit(1)
    }
}

extension SealedFrame {
    /// Of a `sealed` frame.
    var level: SandboxLevel? { payload.first.flatMap { SandboxLevel(rawValue: Int($0)) } }

    var shortOf: String? {
        payload.count > 1 ? String(decoding: payload.dropFirst(), as: UTF8.self).printable : nil
    }
}
