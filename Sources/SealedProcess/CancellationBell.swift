import Glibc
import Synchronization

/// How a cancelled task wakes a thread that polls: a pipe that becomes readable once somebody rings.
final class CancellationBell: Sendable {
    /// Nil once nobody listens any longer; closing it does not wait for the task's handlers to be released.
    private let pipe: Mutex<ResultPipe?>
    let descriptor: Int32

    init() throws(Errno) {
        let pipe = try ResultPipe()
        descriptor = pipe.reading.number
        self.pipe = Mutex(pipe)
    }

    func ring() {
        pipe.withLock { pipe in
            var one: UInt8 = 1
            if let number = pipe?.writing.number { _ = write(number, &one, 1) }
        }
    }

    func close() { pipe.withLock { $0 = nil } }
}
