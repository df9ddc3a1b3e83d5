extension GGUFMetadata {
    /// The value as short text for messages.
    func summary(_ value: GGUFValue) -> String {
        switch value {
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .string(let range): quoted(text(range))
        case .list(_, let count, _): "a list of \(count)"
        }
    }

    /// A string's text; ill-formed UTF-8 is repaired.
    func text(_ range: Range<Int>) -> String { String(decoding: head[range], as: UTF8.self) }

    /// A string value, nil when the key is absent or no string.
    package func string(_ key: String) -> String? {
        if case .string(let range)? = self[key] { text(range) } else { nil }
    }

    /// A whole number's value, nil when the key is absent or no whole number.
    package func integer(_ key: String) -> Int? {
        if case .integer(let number)? = self[key] { number } else { nil }
    }

    /// A number's list, or nil for other values.
    func numbers(_ value: GGUFValue) -> [Double]? {
        guard case .list(let type, let count, let range) = value else { return nil }
        func values<Stored>(_ stored: Stored.Type, _ number: (Stored) -> Double) -> [Double] {
            head[range].withUnsafeBytes { bytes in
                (0..<count).map {
                    number(bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Stored>.size, as: stored))
                }
            }
        }
        // Of integers, u64 and i64 beyond 2^53 are rounded: no list of a model's needs them.
        switch type {
        case .u8, .boolean: return values(UInt8.self) { Double($0) }
        case .i8: return values(Int8.self) { Double($0) }
        case .u16: return values(UInt16.self) { Double($0) }
        case .i16: return values(Int16.self) { Double($0) }
        case .u32: return values(UInt32.self) { Double($0) }
        case .i32: return values(Int32.self) { Double($0) }
        case .u64: return values(UInt64.self) { Double($0) }
        case .i64: return values(Int64.self) { Double($0) }
        case .f32: return values(Float.self) { Self.decimal($0) }
        case .f64: return values(Double.self) { $0 }
        case .string, .array: return nil
        }
    }
}

extension GGUFMetadata {
    /// Where each string of a list is in the head; none when the key is absent or no list of strings.
    func texts(_ key: String) -> [Range<Int>] {
        guard case .list(.string, let count, let range)? = self[key] else { return [] }
        return head.withUnsafeBytes { bytes in
            var offset = range.lowerBound
            return (0..<count).map { _ in
                // Lengths were checked when the head was read.
                let length = Int(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                defer { offset += 8 + length }
                return (offset + 8)..<(offset + 8 + length)
            }
        }
    }
}
