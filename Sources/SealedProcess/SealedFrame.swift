/// What a sealed child sends: 4 bytes of length (big endian, of what follows), 16 bytes of nonce, 1 byte of kind, then
/// the payload, which this target does not read.
struct SealedFrame: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        /// The first frame, from the launcher's state: the level reached in one byte, then why it is not higher.
        case sealed = 1
        case progress
        /// The last frame, a report; the exit status must be 0 with the one and 3 with the other.
        case passed
        case failed
    }

    let kind: Kind
    let payload: [UInt8]

    static let nonceLength = 16
    static let payloadLimit = 64 << 10
    static let reportLimit = 4 << 20
    /// Of all frames of a run.
    static let totalLimit = 8 << 20
    /// A test that says how far it is says so some thousand times.
    static let countLimit = 20_000

    static let passedStatus: Int32 = 0
    static let failedStatus: Int32 = 3

    func encoded(nonce: [UInt8]) -> [UInt8] {
        let length = UInt32(clamping: nonce.count + 1 + payload.count)
        return withUnsafeBytes(of: length.bigEndian, Array.init) + nonce + [kind.rawValue] + payload
    }
}
