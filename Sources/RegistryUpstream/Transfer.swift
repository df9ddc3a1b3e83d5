import CCurl
import Glibc

/// One libcurl easy handle and what has arrived on it. Lives on the transfer thread and is touched nowhere else.
final class Transfer {
    static let errorBodyLimit = 4096
    private static let headLimit = 64 * 1024
    /// Bytes of a refusal's or redirect's body that are worth reading to its end, for the connection's sake.
    private static let idleBodyLimit = 64 * 1024

    /// Nothing that is wanted will come any more.
    private struct Enough: Error {}

    let order: Transfers.Order
    let handle: UnsafeMutableRawPointer
    private let limiter: LimiterBox
    private let proxy: HubOptions.Proxy?
    var clock: TransferClock
    private(set) var head = ResponseHead()
    /// What a receiver threw, or what was wrong with the header: it outranks libcurl's own "write error".
    private(set) var failure: (any Error)?
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var headBytes = 0
    private var headIsWhole = false
    private var idleBytes = 0

    /// Nil when libcurl has no memory for a handle.
    init?(_ order: Transfers.Order, _ limiter: LimiterBox, _ options: HubOptions) {
        guard let handle = curl_easy_init() else { return nil }
        self.order = order
        self.limiter = limiter
        self.handle = handle
        let request = order.request
        proxy = options.proxy(for: request.address)
        clock = TransferClock(request.deadlines, total: request.total)
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
        // The largest buffer that libcurl 7.88 allows; its default of 16 KiB costs a callback and a hash call each. What
        // one delivery takes too much of a limited bandwidth, all others have to wait for.
        curl_set_long(handle, CURLOPT_BUFFERSIZE, (options.bandwidth == .unlimited ? 512 : 64) * 1024)
        curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, request.deadlines.connect.milliseconds)
        options.apply(to: handle)
        if let netrc = options.netrc, request.isHome {
            curl_set_text(handle, CURLOPT_NETRC_FILE, netrc)
            curl_set_long(handle, CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue))
        }
        if request.isBody { curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) }

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
        // After a pause libcurl goes on even where the delivery that ended it was refused: what follows is not wanted.
        guard transfer.failure == nil else { return count + 1 }
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
            transfer.clock.pause()
            return false
        }
        transfer.limiter.value.take(count)
        return true
    }

    /// Goes on after a pause; libcurl may deliver at once.
    func resume() -> CURLcode {
        clock.goOn()
        return curl_easy_pause(handle, CURLPAUSE_CONT)
    }

    private func take(line: UnsafeRawBufferPointer) throws {
        if headIsWhole { return }  // trailers of a chunked body
        headBytes += line.count
        guard headBytes <= Self.headLimit else {
            throw UpstreamError.protocolViolation(
                "header from \(order.request.address)", expected: "at most \(Self.headLimit) bytes", got: "more")
        }
        if line.starts(with: "HTTP/".utf8) {
            head = ResponseHead()  // an interim answer (100 Continue) came before
            return
        }
        let text = line.drop { $0 == 0x20 || $0 == 0x09 }
        let end = text.lastIndex { $0 != 0x0D && $0 != 0x0A && $0 != 0x20 && $0 != 0x09 }
        guard let end else { return try finishHead() }
        // A value may go on in a line that begins with a blank; it is no field of its own (RFC 9112 5.2).
        if text.startIndex > line.startIndex, let last = head.fields.indices.last {
            head.fields[last].value += " " + String(decoding: text[...end], as: UTF8.self)
            return
        }
        let sides = text[...end].split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2 else { return }
        let value = sides[1].drop { $0 == 0x20 || $0 == 0x09 }
        head.fields.append(
            (String(decoding: sides[0], as: UTF8.self).lowercased(), String(decoding: value, as: UTF8.self)))
    }

    private func finishHead() throws {
        var status = 0
        curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        // After 101 something else than HTTP would be spoken, and there is no other answer.
        guard status != 101 else {
            throw UpstreamError.protocolViolation(
                "answer from \(order.request.address)", expected: "one in HTTP", got: "101")
        }
        guard status >= 200 else { return }
        head.status = status
        headIsWhole = true
        clock.takeHead()
        if status < 400 { try order.receiver.inspect(head, from: order.request.address) }
    }

    private func take(body: UnsafeRawBufferPointer) throws {
        clock.take(body.count)
        guard !(200..<300).contains(head.status) else { return try order.receiver.receive(body) }
        head.errorBody += body.prefix(max(0, Self.errorBodyLimit - head.errorBody.count))
        idleBytes += body.count
        guard idleBytes <= Self.idleBodyLimit else { throw Enough() }
    }

    /// The outcome, when libcurl says that the transfer is over.
    func outcome(_ code: CURLcode) -> Result<ResponseHead, any Error> {
        if failure is Enough { return .success(head) }
        if let failure { return .failure(failure) }
        guard code == CURLE_OK else {
            return .failure(
                TransferFault(code, on: handle, through: proxy, hasHead: clock.hasHead, order.request))
        }
        head.journey = Journey(handle)
        return .success(head)
    }
}
