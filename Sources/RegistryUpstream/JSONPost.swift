import CCurl
import Foundation
package import RegistryCore
import Synchronization

/// One POST of JSON to a Lapidary server, whose answer arrives line by line.
///
/// Used by the CLI against its own server: no redirects, no retries, no proxy for loopback.
package struct JSONPost: Sendable {
    package let url: String
    package let token: Secret?
    package let body: [UInt8]

    package init(url: String, token: Secret?, body: [UInt8]) {
        self.url = url
        self.token = token
        self.body = body
    }

    /// - Parameter onLine: each line of the answer's body without its newline; called on a thread of its own.
    /// - Returns: the HTTP status.
    /// - Throws: ``UpstreamError/unreachable(endpoint:reason:)``; CancellationError within a second of the task's
    ///   cancellation.
    package func send(onLine: @escaping @Sendable ([UInt8]) -> Void) async throws -> Int {
        let lines = Lines(onLine)
        return try await withTaskCancellationHandler {
            try await blocking { try perform(lines) }
        } onCancel: {
            lines.isCancelled.store(true, ordering: .relaxed)
        }
    }

    private func perform(_ lines: Lines) throws -> Int {
        curl_global_start()
        guard let handle = curl_easy_init() else { throw UpstreamError.unreachable(endpoint: url, reason: "no memory") }
        defer { curl_easy_cleanup(handle) }
        var headers = curl_slist_append(nil, "Content-Type: application/json")
        headers = curl_slist_append(headers, "Expect:")
        if let token { headers = curl_slist_append(headers, "Authorization: Bearer \(token.reveal())") }
        defer { curl_slist_free_all(headers) }

        curl_set_text(handle, CURLOPT_URL, url)
        curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        curl_set_text(handle, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1")
        curl_set_list(handle, CURLOPT_HTTPHEADER, headers)
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        curl_set_long(handle, CURLOPT_CONNECTTIMEOUT, 10)
        curl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count)
        curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, lines in
            guard let lines else { return 0 }
            Unmanaged<Lines>.fromOpaque(lines).takeUnretainedValue()
                .take(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        return try withExtendedLifetime(lines) {
            let pointer = Unmanaged.passUnretained(lines).toOpaque()
            curl_set_pointer(handle, CURLOPT_WRITEDATA, pointer)
            // libcurl calls this about once a second, also while nothing arrives.
            curl_set_progress(
                handle,
                { pointer, _, _, _, _ in
                    guard let pointer else { return 1 }
                    let lines = Unmanaged<Lines>.fromOpaque(pointer).takeUnretainedValue()
                    return lines.isCancelled.load(ordering: .relaxed) ? 1 : 0
                }, pointer)
            let code = body.withUnsafeBytes { body in
                curl_set_pointer(handle, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: body.baseAddress))
                return curl_easy_perform(handle)
            }
            guard code != CURLE_ABORTED_BY_CALLBACK else { throw CancellationError() }
            guard code == CURLE_OK else {
                throw UpstreamError.unreachable(endpoint: url, reason: String(cString: curl_easy_strerror(code)))
            }
            lines.finish()
            var status = 0
            curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
            return status
        }
    }

    /// Cuts a stream of bytes into lines.
    private final class Lines: @unchecked Sendable {
        let isCancelled = Atomic(false)
        private let onLine: @Sendable ([UInt8]) -> Void
        private var rest: [UInt8] = []

        init(_ onLine: @escaping @Sendable ([UInt8]) -> Void) { self.onLine = onLine }

        func take(_ bytes: UnsafeRawBufferPointer) {
            // A line may be megabytes: only what has just come can end it.
            var bytes = bytes[...]
            while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                onLine(rest + bytes[..<end])
                rest = []
                bytes = bytes[(end + 1)...]
            }
            rest += bytes
        }

        func finish() {
            if !rest.isEmpty { onLine(rest) }
            rest = []
        }
    }
}
