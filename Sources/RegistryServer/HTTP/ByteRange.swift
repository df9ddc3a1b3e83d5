/// What a `Range` header asks of a file (RFC 9110 section 14): one range, or it is ignored.
///
/// Several ranges, another unit, anything malformed and a header of more than 256 bytes are ignored, which the RFC
/// allows: the answer is the whole file. Numbers beyond UInt64 count as the largest one, never as a trap
/// (CVE-2022-31005).
package enum ByteRange: Equatable {
    /// No range, or one to ignore: 200.
    case whole
    /// Offsets of bytes in the file, never empty: 206.
    case part(Range<Int64>)
    /// Nothing of the file is in it: 416.
    case unsatisfiable

    /// - Parameters:
    ///   - header: the field's value, if there is one.
    ///   - size: bytes of the file. An empty file is always answered whole: there is no byte to ask for, and clients
    ///     that probe with `bytes=0-0` expect no error (hub-protocol section 12, 27).
    package init(_ header: String?, size: Int64) {
        self = .whole
        guard let header, size > 0, let length = UInt64(exactly: size) else { return }
        let bytes = Array(header.utf8)
        guard bytes.count <= 256, bytes.count > 6, bytes[5] == UInt8(ascii: "=") else { return }
        guard String(decoding: bytes[..<5], as: UTF8.self).lowercased() == "bytes" else { return }

        let sides = bytes[6...].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard sides.count == 2 else { return }
        switch (Self.number(sides[0]), Self.number(sides[1])) {
        case (.value(let first), .absent):
            self = first < length ? Self.part(first, length) : .unsatisfiable
        case (.value(let first), .value(let last)):
            guard first <= last else { return }
            self = first < length ? Self.part(first, last < length ? last + 1 : length) : .unsatisfiable
        case (.absent, .value(let count)):
            self = count > 0 ? Self.part(length - min(count, length), length) : .unsatisfiable
        default: return
        }
    }

    private enum Number {
        case absent, malformed
        case value(UInt64)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Number {
        guard !digits.isEmpty else { return .absent }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return .malformed }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            value = overflow || carry ? .max : sum
        }
        return .value(value)
    }

    /// Both ends are at most a file's size here, so they fit.
    private static func part(_ start: UInt64, _ end: UInt64) -> ByteRange {
        .part(Int64(clamping: start)..<Int64(clamping: end))
    }
}
