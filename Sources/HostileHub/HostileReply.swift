/// What a hostile hub answers, down to the bytes; a script changes what a healthy hub would say.
package struct HostileReply: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// These bytes of the hub's file.
        case file(Range<Int64>)
        /// Zeros without end.
        case endless
    }

    package enum Framing: Sendable {
        case length
        /// These Content-Length lines, whatever the body is.
        case lengths([String])
        case chunked
        /// It ends with the connection.
        case connection
    }

    package enum Ending: Sendable {
        /// The connection is kept.
        case kept
        case closed
        case reset
        /// Silence, until the peer hangs up.
        case stalled
    }

    package var status = 200
    package var fields: [(name: String, value: String)] = []
    package var body: Body
    package var framing = Framing.length
    package var ending = Ending.kept
    /// The ending comes after so many bytes of the body, and after all of it where this is nil.
    package var endsAfter: Int64?
    /// Offsets in the file at which a bit is wrong.
    package var flips: [Int64] = []
    /// Silence before the first byte, or until the peer hangs up.
    package var silence: Duration?
    /// One byte at a time, with such pauses: of the header too, or of the body alone.
    package var drip: Duration?
    package var headDrip: Duration?
    /// Sent before the status line: interim answers.
    package var before: [UInt8] = []
    /// Sent in place of status line and header.
    package var head: [UInt8]?
    /// Sent behind the body: what no client asked for.
    package var behind: [UInt8] = []

    package init(_ status: Int = 200, _ fields: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    package static func text(
        _ text: String, type: String = "application/json", status: Int = 200,
        _ fields: [(name: String, value: String)] = []
    ) -> HostileReply {
        HostileReply(status, [("Content-Type", type)] + fields, body: .bytes(Array(text.utf8)))
    }

    package subscript(name: String) -> String? {
        get { fields.first { $0.name.lowercased() == name.lowercased() }?.value }
        set {
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    /// Bytes of the body; nil where it has no end.
    package var count: Int64? {
        switch body {
        case .bytes(let bytes): Int64(bytes.count)
        case .file(let range): range.upperBound - range.lowerBound
        case .endless: nil
        }
    }

    /// After so many bytes of the body the connection ends so.
    package mutating func end(_ ending: Ending, after count: Int64? = nil) {
        self.ending = ending
        endsAfter = count
    }

    package var headBytes: [UInt8] {
        if let head { return head }
        var text = "HTTP/1.1 \(status) Status\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        switch framing {
        case .length: if let count { text += "Content-Length: \(count)\r\n" }
        case .lengths(let lines): for line in lines { text += "Content-Length: \(line)\r\n" }
        case .chunked: text += "Transfer-Encoding: chunked\r\n"
        case .connection: text += "Connection: close\r\n"
        }
        return Array("\(text)\r\n".utf8)
    }
}
