import HostileHub
import RegistryCore

/// What may happen to one answer of a chaotic upstream.
enum ChaosTrick: String, CaseIterable, Sendable {
    case reset, cut, cutChunk, short, stall, silence, tooManyRequests, trouble, expired
    case wholeForRange, weakTag, noTag, otherTag, otherContent
    case bitFlip, page, pointer, gzip, twoLengths, wrongLength, shiftedRange, excess, noHTTP, elsewhere

    /// Trouble that passes comes often, what spoils a whole fetch seldom: else hardly any run would get far.
    var weight: Int {
        switch self {
        case .reset, .cut, .cutChunk, .short, .tooManyRequests, .trouble: 6
        case .expired, .wholeForRange, .weakTag, .noTag, .otherTag: 3
        case .stall, .silence: 2
        default: 1
        }
    }

    static func some(_ count: Int, _ numbers: inout Numbers) -> [ChaosTrick] {
        let all = allCases.flatMap { Array(repeating: $0, count: $0.weight) }
        return (0..<count).map { _ in all[Int.random(in: 0..<all.count, using: &numbers)] }
    }

    /// - Returns: false where it makes no sense for this answer.
    func play(_ request: HostileRequest, _ reply: inout HostileReply, _ file: HostileFile, _ numbers: inout Numbers)
        -> Bool
    {
        let count = reply.count ?? 0
        let part = count > 0 ? Int64.random(in: 0..<count, using: &numbers) : 0
        switch self {
        case .reset: reply.end(.reset, after: part)
        case .cut: reply.end(.closed, after: part)
        case .stall: reply.end(.stalled, after: part)
        case .silence: reply.silence = .seconds(600)
        case .tooManyRequests:
            reply = HostileReply(429, Bool.random(using: &numbers) ? [("Retry-After", "0")] : [])
        case .trouble: reply = HostileReply([500, 502, 503, 504].randomElement(using: &numbers) ?? 500)
        case .elsewhere:
            guard request.stage == .resolve else { return false }
            reply["Location"] = ["http://169.254.169.254/", "http://elsewhere.example/"].randomElement(using: &numbers)
        case .page:
            reply = .text("<!doctype html><title>Log in</title>", type: "text/html")
            if Bool.random(using: &numbers) { reply.framing = .chunked }
        case .noHTTP: reply.head = Array("good morning\r\n\r\n".utf8)
        default: return request.stage == .bytes && playOnBytes(request, &reply, file, part, &numbers)
        }
        return true
    }

    private func playOnBytes(
        _ request: HostileRequest, _ reply: inout HostileReply, _ file: HostileFile, _ part: Int64,
        _ numbers: inout Numbers
    ) -> Bool {
        guard let count = reply.count, count > 0 else { return false }
        let first = request.range?.lowerBound ?? 0
        switch self {
        case .cutChunk:
            reply.framing = .chunked
            reply.end(.closed, after: part)
        case .short:
            reply.body = .file(first..<first + part)
            reply.framing = Bool.random(using: &numbers) ? .chunked : .connection
        case .expired: reply = HostileReply(403, body: .bytes(Array("<Error/>".utf8)))
        case .wholeForRange: reply = HostileReply(200, [("ETag", file.tag)], body: .file(0..<file.size))
        case .weakTag: reply["ETag"] = "W/\(file.tag)"
        case .noTag: reply["ETag"] = nil
        case .otherTag: reply["ETag"] = "\"\(numbers.next())\""
        case .otherContent:
            reply["ETag"] = "\"other\""
            reply.flips = (0..<8).map { _ in Int64.random(in: 0..<file.size, using: &numbers) }
        case .bitFlip: reply.flips = [first + part]
        case .pointer: reply = HostileReply(200, body: .bytes(Array(file.pointer.utf8)))
        case .gzip: reply["Content-Encoding"] = "gzip"
        case .twoLengths: reply.framing = .lengths(["\(count)", "\(count + 1)"].shuffled(using: &numbers))
        case .wrongLength:
            reply.framing = .lengths(["\(count + 1 - 2 * (part % 2))"])
            reply.end(.closed)
        case .shiftedRange:
            guard request.range != nil else { return false }
            reply["Content-Range"] = "bytes \(first + 1)-\(first + count)/\(file.size)"
        case .excess:
            reply.framing = .connection
            reply.behind = [UInt8](repeating: 0, count: 100_000)
        default: return false
        }
        return true
    }
}
