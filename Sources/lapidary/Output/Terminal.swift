import Foundation
import RegistryCore
import RegistryOperations
import Synchronization

/// Standard error for people: messages, and on a terminal a line of progress that redraws itself.
final class Terminal: Sendable {
    private struct Line {
        var began: ContinuousClock.Instant
        var from: Int64
        var drawn: ContinuousClock.Instant
    }

    private struct State {
        var files: [String: Line] = [:]
        var hasOpenLine = false
        var check = ""
    }

    private let state = Mutex(State())
    private let isTerminal = isatty(STDERR_FILENO) == 1

    static func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

    /// For ``Verb/perform(in:report:)``.
    func show(_ progress: Step) {
        switch progress {
        case .message(let text):
            state.withLock { state in
                write((state.hasOpenLine ? "\n" : "") + text + "\n")
                state.hasOpenLine = false
            }
        case .fetching: break
        case .file(let path, let received, let size):
            guard isTerminal else { return }
            draw(path, received, size)
        case .testing(let progress):
            draw(progress)
        }
    }

    /// `model.safetensors  412.0 MiB of 1.9 GiB  21 %  88.3 MiB/s  17 s left`, at most ten times a second a file.
    private func draw(_ path: String, _ received: Int64, _ size: Int64) {
        let now = ContinuousClock.now
        state.withLock { state in
            var line = state.files[path] ?? Line(began: now, from: received, drawn: now - .seconds(1))
            let isDone = received >= size
            guard isDone || now - line.drawn >= .milliseconds(100) else { return }
            line.drawn = now
            state.files[path] = line
            let seconds = Double((now - line.began) / .milliseconds(1)) / 1000
            let rate = seconds > 0.2 ? Double(received - line.from) / seconds : 0
            var text = "\(path)  \(Quantity.bytes(received)) of \(Quantity.bytes(size))"
            if size > 0 { text += "  \(received * 100 / size) %" }
            if rate > 0 {
                text += "  \(Quantity.bytes(Int64(rate)))/s"
                if !isDone { text += "  \(Int((Double(size - received) / rate).rounded(.up))) s left" }
            }
            // Several files at once share the line: the one that moves is the one that shows.
            write("\r\u{1B}[2K" + text.printable + (isDone ? "\n" : ""))
            state.hasOpenLine = !isDone
            if isDone { state.files[path] = nil }
        }
    }

    /// One line that redraws itself; where nobody sees it, a line for each check.
    private func draw(_ progress: TestProgress) {
        state.withLock { state in
            if isTerminal {
                write("\r\u{1B}[2K" + progress.text)
                state.hasOpenLine = true
            } else if state.check != progress.check {
                write("testing: \(progress.check)\n")
            }
            state.check = progress.check
        }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
