import ModelFormats

/// The head of a GGUF file with every value as the bytes that encode it: what is not changed is written as it was.
struct GGUFHead: Sendable {
    struct Pair: Sendable {
        var key: String
        /// 0 to 12: u8, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64.
        var type: UInt32
        var value: [UInt8]
    }

    var version: UInt32
    var pairs: [Pair] = []
    /// ggml's number for each tensor's type.
    var types: [String: UInt32] = [:]

    /// Parses the bytes of a file that `GGUF` accepted.
    init(parsing bytes: [UInt8]) throws {
        var reader = ByteReader(bytes: bytes)
        _ = try reader.take(4)
        version = try reader.integer(UInt32.self)
        let tensorCount = try reader.integer(UInt64.self), pairCount = try reader.integer(UInt64.self)
        for _ in 0..<pairCount {
            let key = try reader.string(), type = try reader.integer(UInt32.self)
            pairs.append(Pair(key: key, type: type, value: try reader.value(type)))
        }
        for _ in 0..<tensorCount {
            let name = try reader.string(), rank = try reader.integer(UInt32.self)
            for _ in 0..<rank { _ = try reader.integer(UInt64.self) }
            types[name] = try reader.integer(UInt32.self)
            _ = try reader.integer(UInt64.self)
        }
    }

    subscript(_ key: String) -> Pair? {
        get { pairs.first { $0.key.utf8.elementsEqual(key.utf8) } }
        set {
            let index = pairs.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
            switch (index, newValue) {
            case (let index?, let pair?): pairs[index] = pair
            case (let index?, nil): pairs.remove(at: index)
            case (nil, let pair?): pairs.append(pair)
            case (nil, nil): break
            }
        }
    }

    mutating func set(_ key: String, _ number: UInt32) {
        self[key] = Pair(key: key, type: 4, value: littleEndian(number))
    }

    mutating func set(_ key: String, _ number: Float) {
        self[key] = Pair(key: key, type: 6, value: littleEndian(number.bitPattern))
    }

    mutating func set(_ key: String, _ flag: Bool) { self[key] = Pair(key: key, type: 7, value: [flag ? 1 : 0]) }

    mutating func set(_ key: String, _ text: String) { self[key] = Pair(key: key, type: 8, value: Self.string(text)) }

    func encoded(_ tensors: [WeightFile.StoredTensor]) -> [UInt8] {
        let alignment = 32
        var head = Array("GGUF".utf8) + littleEndian(version)
        head += littleEndian(UInt64(tensors.count)) + littleEndian(UInt64(pairs.count))
        for pair in pairs where pair.key != "general.alignment" {
            head += Self.string(pair.key) + littleEndian(pair.type) + pair.value
        }
        if self["general.alignment"] != nil {
            head += Self.string("general.alignment") + littleEndian(UInt32(4)) + littleEndian(UInt32(alignment))
        }
        var data: [UInt8] = []
        for tensor in tensors {
            head += Self.string(tensor.name) + littleEndian(UInt32(tensor.shape.count))
            head += tensor.shape.reversed().flatMap { littleEndian(UInt64($0)) }
            head += littleEndian(tensor.ggmlType) + littleEndian(UInt64(data.count))
            data += tensor.bytes
            data += [UInt8](repeating: 0, count: (alignment - data.count % alignment) % alignment)
        }
        return head + [UInt8](repeating: 0, count: (alignment - head.count % alignment) % alignment) + data
    }

    static func string(_ text: String) -> [UInt8] { littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) }
}

/// Reads bytes in order and throws where they end.
private struct ByteReader {
    struct Short: Error {}

    let bytes: [UInt8]
    var offset = 0

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - offset else { throw Short() }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        try take(MemoryLayout<Value>.size).reversed().reduce(Value(0)) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    mutating func string() throws -> String {
        let count = Int(exactly: try integer(UInt64.self)) ?? -1
        return String(decoding: try take(count), as: UTF8.self)
    }

    /// The bytes that encode a value of that type.
    mutating func value(_ type: UInt32) throws -> [UInt8] {
        let start = offset
        try skip(type, depth: 0)
        return Array(bytes[start..<offset])
    }

    private mutating func skip(_ type: UInt32, depth: Int) throws {
        let sizes: [UInt32: Int] = [0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8]
        if let size = sizes[type] {
            _ = try take(size)
        } else if type == 8 {
            _ = try string()
        } else {
            guard type == 9, depth < 8 else { throw Short() }
            let element = try integer(UInt32.self), count = try integer(UInt64.self)
            guard count <= UInt64(bytes.count) else { throw Short() }
            for _ in 0..<count { try skip(element, depth: depth + 1) }
        }
    }
}
