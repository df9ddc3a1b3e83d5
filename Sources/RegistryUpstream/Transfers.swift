import CCurl
import Foundation
import Synchronization

/// All of a client's transfers: one thread of their own runs libcurl's multi interface, and tasks hand it requests.
///
/// The thread ends when this object is closed or goes away; what is under way then ends with `CancellationError`.
final class Transfers: Sendable {
    /// A request on its way to the thread.
    struct Order: Sendable {
        let id: UInt64
        let request: TransferRequest
        let receiver: any TransferReceiver
        let answer: CheckedContinuation<ResponseHead, any Error>
    }

    private let inbox: Inbox
    private let lastID = Atomic<UInt64>(0)

    /// Nil when libcurl has no memory.
    init?(_ options: HubOptions) {
        guard Self.libcurlIsReady, let inbox = Inbox() else { return nil }
        // Each connection that a file's pieces have used is worth keeping for the next file.
        curl_multi_set_long(inbox.handle, CURLMOPT_MAXCONNECTS, options.connections + 4)
        self.inbox = inbox
        // The thread holds the inbox, not this object: so letting go of this object ends the thread.
        let thread = Thread { TransferLoop(inbox, options).run() }
        thread.name = "transfers"
        thread.start()
    }

    deinit { inbox.close() }

    func close() { inbox.close() }

    /// Sends one request and waits for the end of its answer. Cancelling the task aborts the transfer.
    ///
    /// - Throws: ``TransferFault``, what the receiver threw, or `CancellationError`.
    func send(_ request: TransferRequest, to receiver: any TransferReceiver) async throws -> ResponseHead {
        let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
        defer { inbox.forget(id) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answer in
                inbox.put(Order(id: id, request: request, receiver: receiver, answer: answer))
            }
        } onCancel: {
            inbox.cancel(id)
        }
    }

    // curl_global_init wants to be called once, before any thread uses libcurl.
    private static let libcurlIsReady = curl_global_start() == CURLE_OK

    /// What tasks leave for the thread, and the one libcurl handle that both sides may touch.
    final class Inbox: Sendable {
        struct Contents {
            var orders: [Order] = []
            /// Kept until the request's task says ``forget(_:)``: a cancellation may overtake its own order.
            var cancelled: Set<UInt64> = []
            var isClosed = false
            /// True once the thread has freed the multi handle.
            var hasEnded = false
        }

        private let contents = Mutex(Contents())
        private let multi: Handle

        /// libcurl lets other threads call `curl_multi_wakeup` on a live handle, and nothing else.
        private struct Handle: @unchecked Sendable { let pointer: UnsafeMutableRawPointer }

        init?() {
            guard let pointer = curl_multi_init() else { return nil }
            multi = Handle(pointer: pointer)
        }

        /// For the transfer thread only.
        var handle: UnsafeMutableRawPointer { multi.pointer }

        func put(_ order: Order) {
            let isRefused = change { contents in
                if !contents.isClosed { contents.orders.append(order) }
                return contents.isClosed
            }
            if isRefused { order.answer.resume(throwing: CancellationError()) }
        }

        func cancel(_ id: UInt64) { change { _ = $0.cancelled.insert(id) } }
        func forget(_ id: UInt64) { contents.withLock { _ = $0.cancelled.remove(id) } }
        func close() { change { $0.isClosed = true } }

        /// New orders, and a copy of the rest. For the transfer thread only.
        func take() -> Contents {
            contents.withLock { contents in
                defer { contents.orders = [] }
                return contents
            }
        }

        /// Frees the multi handle; after it nobody wakes the thread any more. For the transfer thread only.
        func end() {
            contents.withLock { contents in
                contents.hasEnded = true
                curl_multi_cleanup(multi.pointer)
            }
        }

        private func change<Value: Sendable>(_ body: (inout sending Contents) -> Value) -> Value {
            contents.withLock { contents in
                defer { if !contents.hasEnded { curl_multi_wakeup(multi.pointer) } }
                return body(&contents)
            }
        }
    }
}
