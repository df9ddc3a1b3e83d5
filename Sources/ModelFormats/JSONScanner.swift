/// A strict pull parser over JSON bytes: the caller asks for what it expects, nothing is built that it does not ask for.
///
/// Stricter than RFC 8259 where a lenient reader could be made to see something else than another one does: duplicate
/// keys (compared as bytes), lone surrogates, malformed UTF-8, numbers that do not fit a Double, nesting deeper than 64
/// and bytes after the value are errors. Every error is `ModelFormatError.malformedJSON` with the byte offset.
///
/// Does not own its bytes: use it inside `withUnsafeBufferPointer` or `JSONScanner.scan`.
package struct JSONScanner {
    package enum Kind: String, Sendable { case object, array, string, number, boolean, null }

    /// How the keys of an object are told apart.
    package enum Uniqueness {
        /// Two keys are the same when their bytes are.
        case bytes
        /// Two keys are the same when they are equal under Unicode normalisation or case folding too.
        case canonical
        /// The caller looks for duplicates itself (a vocabulary has its own hash table).
        case unchecked
    }

    package static let maximumDepth = 64

    package let file: String
    let bytes: UnsafeBufferPointer<UInt8>
    package internal(set) var offset = 0
    private var depth = 0

    package init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) {
        self.bytes = bytes
        self.file = file
    }

    /// Reads one JSON value with `body` and checks that nothing but white space follows it.
    package static func scan<Result>(
        _ bytes: [UInt8], file: String, _ body: (inout JSONScanner) throws -> Result
    ) throws -> Result {
        try bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer, file: file)
            let result = try body(&scanner)
            try scanner.end()
            return result
        }
    }

    package func error(_ reason: String, at offset: Int? = nil) -> ModelFormatError {
        .malformedJSON(file: file, offset: offset ?? self.offset, reason: reason)
    }

    /// The kind of the next value, which is not consumed.
    package mutating func peek() throws -> Kind {
        skipSpace()
        switch try current() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw error("expected a value")
        }
    }

    /// Calls `member` for each key, which must consume the value. The key is given as its unescaped UTF-8 bytes.
    package mutating func object(
        unique: Uniqueness = .bytes, _ member: (inout JSONScanner, [UInt8]) throws -> Void
    ) throws {
        try open("{")
        var seen = Set<[UInt8]>(), seenCanonically = Set<String>()
        if try !closes("}") {
            repeat {
                skipSpace()
                let start = offset
                let key = try string()
                let isNew =
                    switch unique {
                    case .bytes: seen.insert(key).inserted
                    // Swift compares strings under canonical equivalence, so this set merges NFC and NFD.
                    case .canonical: seenCanonically.insert(String(decoding: key, as: UTF8.self).lowercased()).inserted
                    case .unchecked: true
                    }
                guard isNew else {
                    throw error("duplicate key \(printable(String(decoding: key, as: UTF8.self)))", at: start)
                }
                skipSpace()
                try expect(":")
                try member(&self, key)
            } while try continues(before: "}")
        }
        depth -= 1
    }

    /// Calls `member` for each key, which must consume the value. Nothing is built for a key but for the few with an
    /// escape; telling keys apart is the caller's, who has a table of its own.
    package mutating func largeObject(
        _ member: (inout JSONScanner, UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws {
        try open("{")
        if try !closes("}") {
            repeat {
                if let key = try verbatimString() {
                    skipSpace()
                    try expect(":")
                    try member(&self, UnsafeBufferPointer(rebasing: bytes[key]))
                } else {
                    let key = try string()
                    skipSpace()
                    try expect(":")
                    try key.withUnsafeBufferPointer { try member(&self, $0) }
                }
            } while try continues(before: "}")
        }
        depth -= 1
    }

    /// Calls `element` for each position, which must consume the value.
    package mutating func array(_ element: (inout JSONScanner, Int) throws -> Void) throws {
        try open("[")
        if try !closes("]") {
            var index = 0
            repeat {
                try element(&self, index)
                index += 1
            } while try continues(before: "]")
        }
        depth -= 1
    }

    package mutating func boolean() throws -> Bool {
        skipSpace()
        if try current() == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    package mutating func null() throws {
        skipSpace()
        try literal("null")
    }

    /// A number: `.integer` when it is written without fraction and exponent and fits an Int, else `.number`.
    package mutating func number() throws -> JSONValue {
        skipSpace()
        let start = offset
        var isInteger = true
        let isNegative = peekByte() == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        var value = 0
        if peekByte() == UInt8(ascii: "0") { offset += 1 } else { value = try digits() }
        let next = peekByte() ?? 0, isPlain = next != UInt8(ascii: ".") && next | 0x20 != UInt8(ascii: "e")
        // Up to 18 digits cannot overflow, and need no second look.
        if isPlain, offset - start <= 18 { return .integer(isNegative ? -value : value) }
        if peekByte() == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try digits()
        }
        if let byte = peekByte(), byte | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            offset += 1
            if let sign = peekByte(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        guard offset - start <= 400 else { throw error("number of more than 400 characters", at: start) }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error("number out of range", at: start) }
        return .number(value)
    }

    /// Consumes any value, checking it as strictly as if it were read.
    package mutating func skip() throws {
        switch try peek() {
        case .object: try object { scanner, _ in try scanner.skip() }
        case .array: try array { scanner, _ in try scanner.skip() }
        case .string:
            var ignored: [UInt8] = []
            try string(into: &ignored)
        case .number: _ = try number()
        case .boolean: _ = try boolean()
        case .null: try null()
        }
    }

    /// Checks that only white space is left.
    package mutating func end() throws {
        skipSpace()
        guard offset == bytes.count else { throw error("bytes after the value") }
    }
}

extension JSONScanner {
    func peekByte() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func current() throws -> UInt8 {
        guard offset < bytes.count else { throw error("ends too early") }
        return bytes[offset]
    }

    mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
            // Indentation, eight spaces at a time.
            while let start = bytes.baseAddress, bytes.count - offset >= 8,
                UnsafeRawPointer(start).loadUnaligned(fromByteOffset: offset, as: UInt64.self) == 0x2020_2020_2020_2020
            {
                offset += 8
            }
        }
    }

    mutating func expect(_ symbol: Unicode.Scalar, _ what: String? = nil) throws {
        guard try current() == UInt8(ascii: symbol) else { throw error("expected \(what ?? String(symbol))") }
        offset += 1
    }

    private mutating func literal(_ word: StaticString) throws {
        for index in 0..<word.utf8CodeUnitCount {
            guard try current() == word.utf8Start[index] else { throw error("expected \(word)") }
            offset += 1
        }
    }

    private mutating func open(_ symbol: Unicode.Scalar) throws {
        skipSpace()
        try expect(symbol, symbol == "{" ? "an object" : "an array")
        depth += 1
        guard depth <= Self.maximumDepth else { throw error("nested deeper than \(Self.maximumDepth)") }
    }

    private mutating func closes(_ symbol: Unicode.Scalar) throws -> Bool {
        skipSpace()
        guard try current() == UInt8(ascii: symbol) else { return false }
        offset += 1
        return true
    }

    private mutating func continues(before symbol: Unicode.Scalar) throws -> Bool {
        if try closes(symbol) { return false }
        guard try current() == UInt8(ascii: ",") else { throw error("expected , or \(symbol)") }
        offset += 1
        return true
    }

    /// Moves over digits; their value wraps around for more than 18 of them.
    @discardableResult
    private mutating func digits() throws -> Int {
        let start = offset
        var value = 0
        while let byte = peekByte(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            value = value &* 10 &+ Int(byte - UInt8(ascii: "0"))
            offset += 1
        }
        guard offset > start else { throw error("expected a digit") }
        return value
    }
}
