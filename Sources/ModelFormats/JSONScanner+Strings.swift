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
            let symbol = try skipPlain()
            if offset > start { text.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[start..<offset])) }
            if symbol == UInt8(ascii: "\"") { break }
            try escape(into: &text)
        }
        offset += 1
    }

    /// The unescaped UTF-8 bytes of a string, for the length of a call. Nothing is built for a string without an escape.
    package mutating func withString<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) throws -> Result {
        if let verbatim = try verbatimString() { return try body(UnsafeBufferPointer(rebasing: bytes[verbatim])) }
        return try string().withUnsafeBufferPointer(body)
    }

    /// Where the bytes of a string without an escape lie, as nearly all are; nil, with nothing consumed, for another.
    mutating func verbatimString() throws -> Range<Int>? {
        skipSpace()
        let begin = offset
        try expect("\"", "a string")
        let start = offset
        guard try skipPlain() == UInt8(ascii: "\"") else {
            offset = begin
            return nil
        }
        offset += 1
        return start..<(offset - 1)
    }

    /// Moves to the next quotation mark or backslash of a string, which is returned, over well-formed UTF-8.
    private mutating func skipPlain() throws -> UInt8 {
        let ones: UInt64 = 0x0101_0101_0101_0101, highs: UInt64 = 0x8080_8080_8080_8080
        let quotes = ones &* UInt64(UInt8(ascii: "\"")), backslashes = ones &* UInt64(UInt8(ascii: "\\"))
        while true {
            // Eight bytes at a time: a high bit stays where a byte is a mark, a control, or no ASCII.
            while let start = bytes.baseAddress, bytes.count - offset >= 8 {
                let word = UnsafeRawPointer(start).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let quote = word ^ quotes, backslash = word ^ backslashes
                let isQuote = (quote &- ones) & ~quote, isBackslash = (backslash &- ones) & ~backslash
                let stops = (isQuote | isBackslash | (word &- ones &* 0x20) | word) & highs
                offset += stops == 0 ? 8 : UInt64(littleEndian: stops).trailingZeroBitCount / 8
                if stops != 0 { break }
            }
            let byte = try current()
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): return byte
            case 0..<0x20: throw error("control character in a string")
            case 0x20..<0x80: offset += 1
            default: offset += try multibyteLength()
            }
        }
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
