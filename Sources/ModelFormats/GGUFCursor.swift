/// Reads the head of a GGUF file in order: little endian, a part at a time, never beyond the file or the limit.
struct GGUFCursor {
    let file: ReadableFile
    /// The head as far as it has been read from the file.
    private(set) var bytes: [UInt8] = []
    private(set) var offset = 0

    init(_ file: ReadableFile) { self.file = file }

    /// What the file holds beyond the offset.
    var remaining: Int { file.size - offset }

    func fault(_ field: String, at offset: Int? = nil, expected: String, got: String) -> ModelFormatError {
        .malformedGGUF(
            file: file.name, field: field, offset: offset ?? self.offset, expected: expected, got: got)
    }

    /// Makes sure that the next `count` bytes are in memory.
    private mutating func load(_ count: Int, _ field: () -> String) throws {
        guard count <= remaining else {
            throw fault(field(), expected: "\(count) bytes", got: "\(remaining), the rest of the file")
        }
        guard offset + count <= GGUF.maximumHeadSize else {
            throw ModelFormatError.tooLarge(
                file: file.name, what: "bytes before the tensors' data, at \(field())", limit: GGUF.maximumHeadSize,
                got: offset + count)
        }
        guard offset + count > bytes.count else { return }
        // Doubling keeps small heads cheap and large ones to a few reads.
        let end = min(file.size, GGUF.maximumHeadSize, max(offset + count, 2 * bytes.count, 1 << 20))
        bytes += try file.bytes(at: bytes.count, count: end - bytes.count)
    }

    /// The bytes of something that is read as a whole, as a range of `bytes`.
    mutating func take(_ count: Int, _ field: @autoclosure () -> String) throws -> Range<Int> {
        try load(count, field)
        defer { offset += count }
        return offset..<(offset + count)
    }

    mutating func integer<Value: FixedWidthInteger>(
        _ type: Value.Type, _ field: @autoclosure () -> String
    ) throws -> Value {
        let range = try take(MemoryLayout<Value>.size, field())
        return bytes[range].withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(as: Value.self)) }
    }

    /// A u64 that counts things of at least `size` bytes each, so that the rest of the file has room for them.
    mutating func count(of size: Int, limit: Int = .max, _ field: @autoclosure () -> String) throws -> Int {
        let start = offset
        let stated = try integer(UInt64.self, field())
        let room = remaining / size
        guard stated <= UInt64(room) else {
            throw fault(field(), at: start, expected: "at most \(room), what the file has room for", got: "\(stated)")
        }
        guard stated <= UInt64(limit) else {
            throw ModelFormatError.tooLarge(file: file.name, what: field(), limit: limit, got: Int(stated))
        }
        return Int(stated)
    }

    /// A string: u64 length, then so many bytes. The range of its bytes.
    mutating func string(_ field: @autoclosure () -> String) throws -> Range<Int> {
        let count = try count(of: 1, "length of \(field())")
        return try take(count, field())
    }

    /// A string that names something: short, printable ASCII.
    mutating func name(_ field: @autoclosure () -> String) throws -> String {
        let start = offset, range = try string(field()), text = bytes[range]
        guard (1...GGUF.maximumNameSize).contains(text.count), text.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw fault(
                field(), at: start, expected: "1 to \(GGUF.maximumNameSize) printable ASCII characters",
                got: text.count > GGUF.maximumNameSize
                    ? "\(text.count) bytes" : quoted(String(decoding: text, as: UTF8.self)))
        }
        return String(decoding: text, as: UTF8.self)
    }
}
