import HTTPTypes
import Hummingbird
import NIOCore

extension Answer {
    /// The answer as a fault leaves it.
    func spoilt(by fault: Fault.Kind?) -> Answer {
        var answer = self
        switch fault {
        case .cut(let count)?:
            answer.body = body.limited(to: count, thenBreaking: true)
        case .status(let status, let header)?:
            answer = .refusal(status, "made to fail")
            answer.replace(header)
        case .rateLimit(let seconds)?:
            answer = .refusal(429, "We had to rate limit you")
            answer.set("RateLimit", "\"resolvers\";r=0;t=\(seconds)")
        case .shiftedRange(let shift)?:
            guard let range = fields.first(where: { $0.name == "Content-Range" })?.value else { break }
            let parts = range.split { " -/".contains($0) }.compactMap { Int64($0) }
            guard parts.count == 3 else { break }
            answer.set("Content-Range", "bytes \(parts[0] + shift)-\(parts[1] + shift)/\(parts[2])")
        case .gzip?:
            answer.set("Content-Encoding", "gzip")
        case .excess(let count)?:
            answer.body = body.followed(by: count)
        case .shortage(let count)?:
            answer.body = body.limited(to: max(0, (body.contentLength ?? 0) - count), thenBreaking: false)
        case .redirect(let location)?:
            answer = Answer(302, [("Location", location)])
        case .header(let line)?:
            answer.replace(line)
        case .page(let text)?:
            answer = .text(Array(text.utf8), type: "text/html")
        case .wholeInsteadOfRange?, .expiredSignature?, .silence?, nil:
            break
        }
        return answer
    }

    private mutating func replace(_ line: String?) {
        guard let line, let colon = line.firstIndex(of: ":") else { return }
        set(String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " }))
    }
}

extension ResponseBody {
    /// The first bytes of this body; then the connection breaks, or the body ends without having had a length.
    fileprivate func limited(to count: Int, thenBreaking breaks: Bool) -> ResponseBody {
        ResponseBody(contentLength: breaks ? contentLength : nil) { [self] writer in
            do {
                try await write(LimitedWriter(left: count, writer: writer))
            } catch is LimitedWriter.Ended where !breaks {
            }
            if !breaks { try await writer.finish(nil) }
        }
    }

    fileprivate func followed(by count: Int) -> ResponseBody {
        ResponseBody { [self] writer in
            do {
                try await write(LimitedWriter(left: .max, writer: writer))
            } catch is LimitedWriter.Ended {
            }
            try await writer.write(ByteBuffer(repeating: 0, count: count))
            try await writer.finish(nil)
        }
    }
}

/// Passes on so many bytes and then throws, also instead of finishing.
private struct LimitedWriter: ResponseBodyWriter {
    struct Ended: Error {}

    var left: Int
    var writer: any ResponseBodyWriter

    mutating func write(_ buffer: ByteBuffer) async throws {
        guard buffer.readableBytes > left else {
            left -= buffer.readableBytes
            return try await writer.write(buffer)
        }
        var buffer = buffer
        if let part = buffer.readSlice(length: left) { try await writer.write(part) }
        throw Ended()
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { throw Ended() }
}
