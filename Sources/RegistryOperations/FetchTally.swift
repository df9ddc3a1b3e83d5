import RegistryCore
import Synchronization

/// Adds up what the files of one fetch report.
final class FetchTally: Sendable {
    struct Moment: Sendable {
        /// Bytes that are here, those of an earlier attempt included.
        var received: Int64 = 0
        var total: Int64 = 0
        var files = 0
        var filesDone = 0
        var seconds = 0.0

        /// `fetched 2 of 5 files, 412.0 MiB of 1.9 GiB, 88.3 MiB/s, 17 s left`
        var text: String {
            var text = "fetched \(filesDone) of \(files) files, "
            text += "\(Quantity.bytes(received)) of \(Quantity.bytes(total))"
            let rate = seconds > 0.5 ? Double(received) / seconds : 0
            guard rate >= 1 else { return text }
            text += ", \(Quantity.bytes(Int64(rate)))/s"
            if received < total { text += ", \(Quantity.time(Double(total - received) / rate)) left" }
            return text
        }
    }

    private struct State {
        var moment = Moment()
        var received: [String: Int64] = [:]
    }

    private let began = ContinuousClock.now
    private let state = Mutex(State())

    var now: Moment {
        var moment = state.withLock(\.moment)
        moment.seconds = (ContinuousClock.now - began) / .seconds(1)
        return moment
    }

    func take(_ step: Step) {
        state.withLock { state in
            switch step {
            case .fetching(let files, let bytes):
                state.moment.files = files
                state.moment.total = bytes
            case .file(let path, let received, let size):
                let before = state.received.updateValue(received, forKey: path) ?? 0
                state.moment.received += received - before
                if received == size, before != size { state.moment.filesDone += 1 }
            case .message, .testing: break
            }
        }
    }
}
