/// Takes what a child writes, in pieces of any size, and yields its frames; holds no more than one frame.
///
/// The rules: the nonce in every frame, nothing over its bound, `sealed` first and once, a report last and once. What
/// breaks one is told from what merely has not arrived by ``finish()``.
struct FrameReader {
    /// What the child did against the rules.
    struct Breach: Error, Equatable {
        let reason: String
    }

    private let nonce: [UInt8]
    private var pending: [UInt8] = []
    private var total = 0
    private var count = 0
    private var sawSealed = false
    private(set) var report: SealedFrame?

    init(nonce: [UInt8]) { self.nonce = nonce }

    /// - Throws: ``Breach``; the reader is of no use after that.
    mutating func take(_ bytes: some Collection<UInt8>) throws(Breach) -> [SealedFrame] {
        total += bytes.count
        guard total <= SealedFrame.totalLimit else {
            throw Breach(reason: "more than \(SealedFrame.totalLimit >> 20) MiB of results")
        }
        pending += bytes
        var frames: [SealedFrame] = []
        var start = 0
        while let frame = try next(from: &start) { frames.append(frame) }
        pending.removeFirst(start)
        return frames
    }

    /// To be called once nothing more can come.
    func finish() throws(Breach) {
        guard pending.isEmpty else { throw Breach(reason: "results that end within a frame") }
    }

    private mutating func next(from start: inout Int) throws(Breach) -> SealedFrame? {
        let rest = pending[start...]
        guard !rest.isEmpty else { return nil }
        guard report == nil else { throw Breach(reason: "bytes after the report") }
        guard rest.count >= 4 else { return nil }
        let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let head = SealedFrame.nonceLength + 1
        guard length >= head, length - head <= SealedFrame.reportLimit else {
            throw Breach(
                reason: "a frame of \(length) bytes, where \(head) to \(head + SealedFrame.reportLimit) are allowed")
        }
        let body = rest.dropFirst(4).prefix(length)
        // Before the frame is whole, so that a stranger's bytes are not waited for.
        guard body.prefix(SealedFrame.nonceLength).elementsEqual(nonce.prefix(body.count)) else {
            throw Breach(reason: "a frame without this run's nonce")
        }
        guard body.count == length else { return nil }
        guard let kind = SealedFrame.Kind(rawValue: body[body.startIndex + SealedFrame.nonceLength]) else {
            throw Breach(reason: "a frame of unknown kind")
        }
        let frame = SealedFrame(kind: kind, payload: Array(body.dropFirst(head)))
        try note(frame)
        start += 4 + length
        return frame
    }

    private mutating func note(_ frame: SealedFrame) throws(Breach) {
        count += 1
        guard count <= SealedFrame.countLimit else {
            throw Breach(reason: "more than \(SealedFrame.countLimit) frames")
        }
        guard sawSealed != (frame.kind == .sealed) else {
            throw Breach(reason: sawSealed ? "a second word on its sealing" : "a frame before it said how it is sealed")
        }
        sawSealed = true
        switch frame.kind {
        case .sealed, .progress:
            guard frame.payload.count <= SealedFrame.payloadLimit else {
                throw Breach(reason: "\(frame.payload.count) bytes of progress in one frame")
            }
        case .passed, .failed: report = frame
        }
    }
}
