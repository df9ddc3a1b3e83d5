import Glibc

/// One connection of a hostile hub. Blocking; on a thread of its own.
struct HostileConnection {
    /// The connection has ended, as the script wanted or because the peer has had enough.
    struct Ended: Error {}

    private static let headLimit = 64 * 1024

    let descriptor: Int32
    let file: HostileFile
    private var buffer: [UInt8] = []
    /// Bytes of bodies that were handed to the system.
    private(set) var sent: Int64 = 0

    init(_ descriptor: Int32, _ file: HostileFile) {
        self.descriptor = descriptor
        self.file = file
    }

    /// The next request's head, without the empty line; nil where the peer has gone.
    mutating func readHead() -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: 8192)
        let end = Array("\r\n\r\n".utf8)
        while buffer.count <= Self.headLimit {
            if let found = buffer.firstRange(of: end) {
                defer { buffer.removeSubrange(..<found.upperBound) }
                return Array(buffer[..<found.lowerBound])
            }
            let count = recv(descriptor, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            buffer += piece[..<count]
        }
        return nil
    }

    mutating func send(_ reply: HostileReply) throws {
        if let silence = reply.silence { try wait(silence) }
        try write(reply.before, every: reply.headDrip)
        try write(reply.headBytes, every: reply.headDrip)
        var left = reply.endsAfter ?? .max
        try sendBody(reply, &left)
        try write(reply.behind, every: nil)
        if case .connection = reply.framing, reply.ending == .kept { throw Ended() }
        try end(reply.ending)
    }

    private mutating func sendBody(_ reply: HostileReply, _ left: inout Int64) throws {
        switch reply.body {
        case .bytes(let bytes): try bytes.withUnsafeBytes { try put($0, reply, &left) }
        case .file(let range):
            try file.bytes.withUnsafeBytes { bytes in
                var position = range.lowerBound
                for flip in reply.flips.filter(range.contains).sorted() where flip >= position {
                    try put(.init(rebasing: bytes[Int(position)..<Int(flip)]), reply, &left)
                    try withUnsafeBytes(of: bytes[Int(flip)] ^ 0x10) { try put($0, reply, &left) }
                    position = flip + 1
                }
                try put(.init(rebasing: bytes[Int(position)..<Int(range.upperBound)]), reply, &left)
            }
        case .endless:
            let zeros = [UInt8](repeating: 0, count: 65_536)
            while true { try zeros.withUnsafeBytes { try put($0, reply, &left) } }
        }
        if case .chunked = reply.framing { try write(Array("0\r\n\r\n".utf8), every: nil) }
        if reply.endsAfter != nil { try end(reply.ending) }
    }

    /// Part of the body, as far as the script wants it sent.
    private mutating func put(_ bytes: UnsafeRawBufferPointer, _ reply: HostileReply, _ left: inout Int64) throws {
        let wanted = UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(clamping: left)))
        if case .chunked = reply.framing {
            for start in stride(from: 0, to: wanted.count, by: 65_536) {
                let chunk = UnsafeRawBufferPointer(rebasing: wanted[start..<min(start + 65_536, wanted.count)])
                // One that is cut off was announced longer.
                let isLast = start + chunk.count == wanted.count
                let announced = chunk.count + (isLast && wanted.count < bytes.count ? 1 : 0)
                try write(Array("\(String(announced, radix: 16))\r\n".utf8), every: nil)
                try write(chunk, every: reply.drip)
                if announced == chunk.count { try write(Array("\r\n".utf8), every: nil) }
            }
        } else {
            try write(wanted, every: reply.drip)
        }
        sent += Int64(wanted.count)
        left -= Int64(wanted.count)
        if wanted.count < bytes.count { try end(reply.ending) }
    }

    private func end(_ ending: HostileReply.Ending) throws {
        switch ending {
        case .kept: return
        case .closed: break
        case .stalled: try wait(.seconds(600))
        case .reset:
            // Closing with a linger of zero sends a reset; what the peer has not read yet is lost to it.
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        }
        throw Ended()
    }

    /// Nothing for so long; ends at once where the peer hangs up, or the hub is stopped.
    private func wait(_ duration: Duration) throws {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let (seconds, attoseconds) = duration.components
        guard Glibc.poll(&poll, 1, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)) == 0 else {
            throw Ended()
        }
    }

    private func write(_ bytes: [UInt8], every pause: Duration?) throws {
        try bytes.withUnsafeBytes { try write($0, every: pause) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, every pause: Duration?) throws {
        var done = 0
        while done < bytes.count {
            if let pause { try wait(pause) }
            let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(done).prefix(pause == nil ? .max : 1))
            let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw Ended() }
            done += count
        }
    }
}
