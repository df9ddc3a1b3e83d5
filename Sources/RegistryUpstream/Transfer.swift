import CCurl
import Glibc

/// One libcurl easy handle and what has arrived on it. Lives on the transfer thread and is touched nowhere else.
final class Transfer {
    static let errorBodyLimit = 4096
    private static let headLimit = 64 * 1024

    let order: Transfers.Order
    let handle: UnsafeMutableRawPointer
    /// True while the bandwidth is used up.
    private(set) var isPaused = false
    private let limiter: LimiterBox
    private let proxy: HubOptions.Proxy?
    /// Nil once the header has arrived.
    private(set) var headDeadline: ContinuousClock.Instant?
    private(set) var head = ResponseHead()
    /// What a receiver threw, or what was wrong with the header: it outranks libcurl's own "write error".
    private(set) var failure: (any Error)?
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var headBytes = 0
    private var headIsWhole = false

    /// Nil when libcurl has no memory for a handle.
    init?(_ order: Transfers.Order, _ limiter: LimiterBox, _ options: HubOptions) {
        guard let handle = curl_easy_init() else { return nil }
        self.order = order
        self.limiter = limiter
        self.handle = handle
        let request = order.request
        proxy = options.proxy(for: request.address)
        headDeadline = ContinuousClock.now + request.deadlines.firstByte
        for line in request.headers { headers = curl_slist_append(headers, line) }

        curl_set_text(handle, CURLOPT_URL, request.address.text)
        curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        curl_set_text(handle, CURLOPT_USERAGENT, request.userAgent)
        curl_set_list(handle, CURLOPT_HTTPHEADER, headers)
        curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        curl_set_long(handle, CURLOPT_NOPROGRESS, 1)
        curl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        curl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // The largest buffer that libcurl 7.88 allows; its default of 16 KiB costs a callback and a hash call each.
        curl_set_long(handle, CURLOPT_BUFFERSIZE, 512 * 1024)
        curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, request.deadlines.connect.milliseconds)
        curl_set_long(handle, CURLOPT_TIMEOUT_MS, request.total.milliseconds)
        options.apply(to: handle)
        if let netrc = options.netrc, request.isHome {
            curl_set_text(handle, CURLOPT_NETRC_FILE, netrc)
            curl_set_long(handle, CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue))
        }
        if request.isBody { curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) }
        curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, request.deadlines.slowest)
        curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, Int(clamping: request.deadlines.slowFor.roundedSeconds))

        let pointer = Unmanaged.passUnretained(self).toOpaque()
        curl_set_pointer(handle, CURLOPT_WRITEDATA, pointer)
        curl_set_pointer(handle, CURLOPT_HEADERDATA, pointer)
        curl_set_callback(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, transfer in
            guard Transfer.mayTake(size * count, transfer) else { return Int(CURL_WRITEFUNC_PAUSE) }
            return Transfer.deliver(bytes, size * count, to: transfer) { try $0.take(body: $1) }
        }
        // The addresses behind a proxy are the proxy's affair.
        if !request.mayBePrivate, proxy == nil {
            curl_set_opening(handle, Transfer.open, Unmanaged.passUnretained(self).toOpaque())
        }
        curl_set_callback(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, transfer in
            Transfer.deliver(bytes, size * count, to: transfer) { try $0.take(line: $1) }
        }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
    }

    /// Returns what libcurl wants from a callback: the count when all is well, anything else to abort.
    private static func deliver(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, to pointer: UnsafeMutableRawPointer?,
        _ body: (Transfer, UnsafeRawBufferPointer) throws -> Void
    ) -> Int {
        guard let pointer else { return count + 1 }
        let transfer = Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
        do {
            try body(transfer, UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        } catch {
            transfer.failure = error
            return count + 1
        }
    }

    /// Looks at the very address that is about to be connected to: no spelling, name or second answer of a name server
    /// gets around it (reliability C3).
    private static let open: curl_opensocket_callback = { pointer, purpose, address in
        guard let pointer, let address else { return CURL_SOCKET_BAD }
        let transfer = Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
        let isPrivate = withUnsafePointer(to: &address.pointee.addr) { PrivateAddress.contains($0) }
        guard !isPrivate else {
            transfer.failure = UpstreamError.privateAddress(host: transfer.order.request.address.host)
            return CURL_SOCKET_BAD
        }
        return socket(
            address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }

    /// False where the bandwidth is used up: libcurl keeps the bytes, and gives them again after ``resume()``.
    private static func mayTake(_ count: Int, _ pointer: UnsafeMutableRawPointer?) -> Bool {
        guard let pointer else { return true }
        let transfer = Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
        guard transfer.order.request.isBody else { return true }
        guard !transfer.limiter.value.isEmpty else {
            transfer.isPaused = true
            return false
        }
        transfer.limiter.value.take(count)
        return true
    }

    /// Goes on after a pause; libcurl may deliver at once.
    func resume() {
        guard isPaused, !limiter.value.isEmpty else { return }
        isPaused = false
        curl_easy_pause(handle, CURLPAUSE_CONT)
    }

    private func take(line: UnsafeRawBufferPointer) throws {
        if headIsWhole { return }  // trailers of a chunked body
        headBytes += line.count
        guard headBytes <= Self.headLimit else {
            throw TransferFault(reason: "the answer's header is longer than \(Self.headLimit) bytes", mayPass: false)
        }
        if line.starts(with: "HTTP/".utf8) {
            head = ResponseHead()  // an interim answer (100 Continue) came before
            return
        }
        let text = line.drop { $0 == 0x20 || $0 == 0x09 }
        let end = text.lastIndex { $0 != 0x0D && $0 != 0x0A && $0 != 0x20 && $0 != 0x09 }
        guard let end else { return try finishHead() }
        let sides = text[...end].split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2 else { return }
        let value = sides[1].drop { $0 == 0x20 || $0 == 0x09 }
        head.fields.append(
            (String(decoding: sides[0], as: UTF8.self).lowercased(), String(decoding: value, as: UTF8.self)))
    }

    private func finishHead() throws {
        var status = 0
        curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        guard status >= 200 else { return }
        head.status = status
        headIsWhole = true
        headDeadline = nil
        if status < 400 { try order.receiver.inspect(head, from: order.request.address) }
    }

    private func take(body: UnsafeRawBufferPointer) throws {
        if (200..<300).contains(head.status) {
            try order.receiver.receive(body)
        } else if head.errorBody.count < Self.errorBodyLimit {
            head.errorBody += body.prefix(Self.errorBodyLimit - head.errorBody.count)
        }
    }

    /// The outcome, when libcurl says that the transfer is over.
    func outcome(_ code: CURLcode) -> Result<ResponseHead, any Error> {
        if let failure { return .failure(failure) }
        guard code == CURLE_OK else { return .failure(TransferFault(code, on: handle, through: proxy)) }
        head.journey = Journey(handle)
        return .success(head)
    }
}
