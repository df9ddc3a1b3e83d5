extension JSONScanner {
    /// The unescaped UTF-8 bytes of a string.
    package mutating func string() throws -> [UInt8] {
        var text: [UInt8] = []
        try string(into: &text)
        return text
    }

    /// Appends the unescaped UTF-8 bytes of a string; reading a million strings this way allocates nothing.
    package mutating func string(into text: inout [UInt8]) throws {
        skipSpace()
        try expect("\"", "a string")
        while true {
            let start = offset
            while offset < bytes.count, isPlain(bytes[offset]) { offset += 1 }
            if offset > start { text.append(contentsOf: bytes[start..<offset]) }
            switch try current() {
            case UInt8(ascii: "\""):
                offset += 1
                return
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                throw error("control character in a string")
            default:
                let length = try multibyteLength()
                text.append(contentsOf: bytes[offset..<(offset + length)])
                offset += length
            }
        }
    }

    private func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape(into text: inout [UInt8]) throws {
        let start = offset
        offset += 1
        let symbol = try current()
        offset += 1
        switch symbol {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(symbol)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var value = try fourHexDigits()
            if (0xD800..<0xDC00).contains(value) {
                guard peekByte() == UInt8(ascii: "\\") else { throw error("lone surrogate", at: start) }
                offset += 1
                guard peekByte() == UInt8(ascii: "u") else { throw error("lone surrogate", at: start) }
                offset += 1
                let low = try fourHexDigits()
                guard (0xDC00..<0xE000).contains(low) else { throw error("lone surrogate", at: start) }
                value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(value) else { throw error("lone surrogate", at: start) }
            text.append(contentsOf: UTF8.encode(scalar).bytes)
        default:
            throw error("unknown escape", at: start)
        }
    }

    private mutating func fourHexDigits() throws -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch try current() {
            case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): digit = byte - 0x30
            case let byte where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte): digit = byte - 0x57
            case let byte where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte): digit = byte - 0x37
            default: throw error("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    /// The length of the UTF-8 sequence at `offset` (Unicode 3.9, table 3-7: no overlong form, no surrogate).
    private func multibyteLength() throws -> Int {
        let lead = bytes[offset]
        let (length, second): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw error("malformed UTF-8")
        }
        guard bytes.count - offset >= length, second.contains(bytes[offset + 1]) else { throw error("malformed UTF-8") }
        for index in 2..<max(2, length) where !(0x80...0xBF).contains(bytes[offset + index]) {
            throw error("malformed UTF-8")
        }
        return length
    }
}

extension Optional where Wrapped == UTF8.EncodedScalar {
    /// UTF8.encode answers nil for no scalar at all; an empty collection keeps that out of the callers' way.
    fileprivate var bytes: [UInt8] { map { Array($0) } ?? [] }
}
