/// The beginning of a GGUF file (version 3) up to its tensor data: metadata and the list of tensors.
struct GGUFHeader {
    static let alignment = 32
    private var metadata: [UInt8] = []
    private var metadataCount: UInt64 = 0

    mutating func add(_ key: String, _ value: String) { add(key, type: 8) { $0.append(string: value) } }
    mutating func add(_ key: String, _ value: UInt32) { add(key, type: 4) { $0.append(value) } }
    mutating func add(_ key: String, _ value: Float) { add(key, type: 6) { $0.append(value.bitPattern) } }
    mutating func add(_ key: String, _ value: Bool) { add(key, type: 7) { $0.append(UInt8(value ? 1 : 0)) } }

    mutating func add(_ key: String, _ values: [String]) {
        addArray(key, type: 8, values.count) { bytes in for value in values { bytes.append(string: value) } }
    }

    mutating func add(_ key: String, _ values: [Float]) {
        addArray(key, type: 6, values.count) { bytes in for value in values { bytes.append(value.bitPattern) } }
    }

    mutating func add(_ key: String, _ values: [Int32]) {
        addArray(key, type: 5, values.count) { bytes in for value in values { bytes.append(UInt32(bitPattern: value)) }
        }
    }

    private mutating func addArray(_ key: String, type: UInt32, _ count: Int, _ write: (inout [UInt8]) -> Void) {
        add(key, type: 9) { bytes in
            bytes.append(type)
            bytes.append(UInt64(count))
            write(&bytes)
        }
    }

    private mutating func add(_ key: String, type: UInt32, _ write: (inout [UInt8]) -> Void) {
        metadata.append(string: key)
        metadata.append(type)
        write(&metadata)
        metadataCount += 1
    }

    /// The bytes before the data, and where each tensor's data begins after them.
    func bytes(_ tensors: [(name: String, shape: [Int], type: StoredType)]) -> (bytes: [UInt8], offsets: [Int]) {
        var bytes = Array("GGUF".utf8), offsets: [Int] = [], offset = 0
        bytes.append(UInt32(3))
        bytes.append(UInt64(tensors.count))
        bytes.append(metadataCount)
        bytes += metadata
        for (name, shape, type) in tensors {
            bytes.append(string: name)
            bytes.append(UInt32(shape.count))
            for size in shape.reversed() { bytes.append(UInt64(size)) }
            bytes.append(type.ggmlType)
            bytes.append(UInt64(offset))
            offsets.append(offset)
            offset = Self.aligned(offset + type.byteCount(shape.reduce(1, *)))
        }
        bytes += [UInt8](repeating: 0, count: Self.aligned(bytes.count) - bytes.count)
        return (bytes, offsets)
    }

    static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
}

extension [UInt8] {
    fileprivate mutating func append(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(string: String) {
        append(UInt64(string.utf8.count))
        append(contentsOf: string.utf8)
    }
}
