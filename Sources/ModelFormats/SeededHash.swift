/// A hash of bytes under a key that is drawn anew for every table, so that no file can be made to collide.
///
/// A polynomial in the secret key modulo 2^61 - 1 (Carter and Wegman 1979), seven bytes a step: two different texts of n
/// bytes agree under at most n/7 + 1 of the 2^61 keys.
struct SeededHash: Sendable {
    private static let prime: UInt64 = 1 << 61 - 1
    private let key = UInt64.random(in: 1 << 32..<prime)

    func callAsFunction(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        finish(fold(bytes))
    }

    /// The hash of a number below 2^56.
    func callAsFunction(_ number: UInt64) -> UInt64 { finish(step(0, number)) }

    /// The polynomial before its bits are spread: seven bytes a step, so that a word stays below the prime.
    @inline(__always)
    func fold(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        // The length is the first coefficient: without it a text and the same text with zero bytes behind it agree.
        var value = UInt64(bytes.count)
        guard let start = bytes.baseAddress.map(UnsafeRawPointer.init) else { return value }
        var index = 0
        while index + 8 <= bytes.count {
            value = step(value, start.loadUnaligned(fromByteOffset: index, as: UInt64.self) & (1 << 56 - 1))
            index += 7
        }
        // At most seven bytes are left; with eight or more in all, one load has them in its upper part.
        let left = bytes.count - index
        var word: UInt64 = 0
        if bytes.count >= 8 {
            word = start.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self) >> UInt64(64 - 8 * left)
        } else {
            for position in 0..<left { word |= UInt64(bytes[index + position]) &<< UInt64(8 * position) }
        }
        return step(value, word)
    }

    /// (value + word) * key modulo the prime, but for a last subtraction.
    @inline(__always)
    private func step(_ value: UInt64, _ word: UInt64) -> UInt64 {
        let product = (value &+ word).multipliedFullWidth(by: key)
        let sum = (product.low & Self.prime) &+ (product.high &<< 3 | product.low &>> 61)
        return (sum & Self.prime) &+ (sum &>> 61)
    }

    /// Spreads the polynomial over all 64 bits, one to one.
    @inline(__always)
    private func finish(_ value: UInt64) -> UInt64 {
        var value = value >= Self.prime ? value &- Self.prime : value
        value = (value ^ value &>> 32) &* 0xD6E8_FEB8_6659_FD93
        value = (value ^ value &>> 32) &* 0xD6E8_FEB8_6659_FD93
        return value ^ value &>> 32
    }
}
