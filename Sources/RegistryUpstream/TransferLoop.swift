import CCurl
import Glibc

/// What the transfer thread does: take orders, let libcurl work, hand out what has ended, sleep until woken.
struct TransferLoop {
    private let inbox: Transfers.Inbox
    private var transfers: [UInt64: Transfer] = [:]
    private let limiter: LimiterBox

    private let options: HubOptions

    init(_ inbox: Transfers.Inbox, _ options: HubOptions) {
        self.inbox = inbox
        self.options = options
        limiter = LimiterBox(BandwidthLimiter(options.bandwidth))
    }

    func run() {
        // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us, and OpenSSL raises it when a peer hangs up.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)

        var loop = self
        loop.runUntilClosed()
    }

    private mutating func runUntilClosed() {
        while true {
            let contents = inbox.take()
            for order in contents.orders { start(order) }
            for id in contents.isClosed ? Set(transfers.keys) : contents.cancelled {
                end(id, with: .failure(CancellationError()))
            }
            if contents.isClosed { break }

            resumePaused()
            var running: Int32 = 0
            curl_multi_perform(inbox.handle, &running)
            handOut()
            giveUpSlowOnes()
            curl_multi_poll(inbox.handle, nil, 0, sleep, nil)
        }
        inbox.end()
    }

    private mutating func start(_ order: Transfers.Order) {
        guard let transfer = Transfer(order, limiter, options),
            curl_multi_add_handle(inbox.handle, transfer.handle) == CURLM_OK
        else {
            order.answer.resume(throwing: TransferFault(.noAnswer, "libcurl has no memory for it"))
            return
        }
        transfers[order.id] = transfer
    }

    private mutating func end(_ id: UInt64, with outcome: Result<ResponseHead, any Error>) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        curl_multi_remove_handle(inbox.handle, transfer.handle)
        do {
            try transfer.order.receiver.finish()
            transfer.order.answer.resume(with: outcome)
        } catch {
            transfer.order.answer.resume(throwing: error)
        }
    }

    private mutating func handOut() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(inbox.handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            let (handle, code) = (message.pointee.easy_handle, message.pointee.data.result)
            guard let transfer = transfers.values.first(where: { $0.handle == handle }) else { continue }
            end(transfer.order.id, with: transfer.outcome(code))
        }
    }

    private mutating func resumePaused() {
        limiter.value.fill()
        // Who has waited longest goes first: else some would starve until upstream hangs up.
        let paused = transfers.values.compactMap { transfer in transfer.clock.pausedSince.map { ($0, transfer) } }
        for (_, transfer) in paused.sorted(by: { $0.0 < $1.0 }) where !limiter.value.isEmpty {
            let code = transfer.resume()
            if code != CURLE_OK { end(transfer.order.id, with: transfer.outcome(code)) }
        }
    }

    /// libcurl's own deadlines are in whole seconds, and go on while we pause a transfer.
    private mutating func giveUpSlowOnes() {
        let now = ContinuousClock.now
        for (id, transfer) in transfers {
            if let fault = transfer.clock.fault(now: now) { end(id, with: .failure(fault)) }
        }
    }

    /// Milliseconds until something must be looked at without being woken; libcurl shortens it for its own timers.
    private var sleep: Int32 {
        let running = transfers.values.filter { $0.clock.pausedSince == nil }
        let next = running.map(\.clock.next).min()
        let wait = next.map { min(ContinuousClock.now.duration(to: $0).milliseconds, 1000) }
        let rest = Int32(clamping: wait ?? (transfers.isEmpty ? 60_000 : 1000))
        guard running.count < transfers.count else { return rest }
        return min(rest, Int32(clamping: limiter.value.wait.milliseconds))
    }
}

/// The limiter, where the loop and its transfers reach it; all of them on one thread.
final class LimiterBox {
    var value: BandwidthLimiter

    init(_ value: BandwidthLimiter) { self.value = value }
}
