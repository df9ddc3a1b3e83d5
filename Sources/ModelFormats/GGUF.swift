/// The checked head of a GGUF file, version 2 or 3, little endian: header, metadata, tensor infos. The data follow,
/// aligned; none of them is read.
///
/// The rules are those of ggml's gguf.cpp and stricter: every count fits the rest of the file before anything is
/// allocated for it, names are short ASCII and unique, dimensions are at least 1, tensors do not overlap.
package struct GGUF: Sendable {
    /// Bytes before the tensors' data. A vocabulary of 262,144 pieces with 514,906 merges takes 16 MiB.
    package static let maximumHeadSize = 64 << 20
    package static let maximumKeyCount = 10_000
    package static let maximumTensorCount = Safetensors.maximumTensorCount
    package static let maximumNameSize = 256
    package static let maximumRank = 4
    package static let maximumAlignment = 1 << 20

    package let file: String
    package let version: Int
    package let metadata: GGUFMetadata
    /// Tensors in the order of their data, under the names in the file; shapes rows first.
    package let tensors: [Tensor]

    package init(reading file: ReadableFile) throws {
        if let what = Safetensors.notWeights(try file.prefix(count: 64)) {
            throw ModelFormatError.notWeights(file: file.name, got: what)
        }
        var cursor = GGUFCursor(file)
        let magic = try cursor.take(4, "magic")
        guard cursor.bytes[magic].elementsEqual("GGUF".utf8) else {
            throw cursor.fault(
                "magic", at: 0, expected: "GGUF",
                got: cursor.bytes[magic].map { String($0, radix: 16) }.joined(separator: " "))
        }
        self.file = file.name
        version = try Self.version(&cursor)
        // An info is at least a name of one byte, no dimension, a type and an offset; a pair at least a key and a byte.
        let tensorCount = try cursor.count(of: 25, limit: Self.maximumTensorCount, "number of tensors")
        let keyCount = try cursor.count(of: 14, limit: Self.maximumKeyCount, "number of keys")
        metadata = try GGUFMetadata(reading: &cursor, count: keyCount)
        let alignment = try Self.alignment(metadata, cursor)
        tensors = try Self.tensors(&cursor, count: tensorCount, alignment: alignment)
    }

    private static func version(_ cursor: inout GGUFCursor) throws -> Int {
        let version = try cursor.integer(UInt32.self, "version")
        guard version & 0xFFFF != 0 || version == 0 else {
            throw ModelFormatError.unsupported(
                file: cursor.file.name, what: "a big-endian GGUF", reason: "only little-endian files are read")
        }
        guard version == 2 || version == 3 else {
            throw ModelFormatError.unsupported(
                file: cursor.file.name, what: "GGUF version \(version)", reason: "versions 2 and 3 are read")
        }
        return Int(version)
    }

    private static func alignment(_ metadata: GGUFMetadata, _ cursor: GGUFCursor) throws -> Int {
        let key = "general.alignment"
        guard let entry = metadata.entries.first(where: { $0.key == key }) else { return 32 }
        guard case .integer(let alignment) = entry.value, (1...maximumAlignment).contains(alignment),
            alignment & (alignment - 1) == 0
        else {
            throw cursor.fault(
                key, at: entry.offset, expected: "a power of two from 1 to \(maximumAlignment)",
                got: metadata.summary(entry.value))
        }
        return alignment
    }

    /// A tensor info: name, dimensions (fastest first), type, offset of the data.
    private struct TensorInfo {
        let name: String
        let shape: [Int]
        let element: TensorElement
        /// From the start of the data, in bytes.
        let offset: Int
        let size: Int
        /// Where the info's offset stands in the file.
        let position: Int
    }

    private static func tensors(_ cursor: inout GGUFCursor, count: Int, alignment: Int) throws -> [Tensor] {
        var infos: [TensorInfo] = [], names = Set<[UInt8]>()
        for number in 0..<count {
            let start = cursor.offset
            let info = try tensorInfo(&cursor, number: number, alignment: alignment)
            guard names.insert(Array(info.name.utf8)).inserted else {
                throw cursor.fault("tensor \(info.name)", at: start, expected: "to be there once", got: "twice")
            }
            infos.append(info)
        }
        let dataStart = (cursor.offset + alignment - 1) / alignment * alignment
        let room = max(0, cursor.file.size - dataStart)
        infos.sort { ($0.offset, $0.size) < ($1.offset, $1.size) }
        var end = 0
        return try infos.map { info in
            guard info.offset <= room, info.size <= room - info.offset else {
                throw cursor.fault(
                    "data of \(info.name)", at: info.position,
                    expected: "to end within the \(room) bytes after the head",
                    got: "\(info.size) bytes from \(info.offset)")
            }
            guard info.offset >= end else {
                throw cursor.fault(
                    "data of \(info.name)", at: info.position,
                    expected: "to begin at \(end) or later, where the tensor before it ends", got: "\(info.offset)")
            }
            end = info.offset + info.size
            return Tensor(
                name: info.name, element: info.element, shape: info.shape,
                range: (dataStart + info.offset)..<(dataStart + end))
        }
    }

    private static func tensorInfo(
        _ cursor: inout GGUFCursor, number: Int, alignment: Int
    ) throws -> TensorInfo {
        let name = try cursor.name("name of tensor \(number + 1)"), rankStart = cursor.offset
        let rank = try cursor.integer(UInt32.self, "dimensions of \(name)")
        guard rank <= UInt32(maximumRank) else {
            throw cursor.fault(
                "dimensions of \(name)", at: rankStart, expected: "at most \(maximumRank)", got: "\(rank)")
        }
        var dimensions: [Int] = [], elements = 1
        for _ in 0..<rank {
            let start = cursor.offset, stated = try cursor.integer(UInt64.self, "shape of \(name)")
            let dimension = Int(exactly: stated) ?? 0
            let (product, overflows) = elements.multipliedReportingOverflow(by: dimension)
            guard dimension >= 1, !overflows else {
                throw cursor.fault(
                    "shape of \(name)", at: start, expected: "1 or more, and a product that can be counted",
                    got: "\(stated)")
            }
            elements = product
            dimensions.append(dimension)
        }
        let element = try TensorElement(reading: &cursor, tensor: name), position = cursor.offset
        let (blockElements, blockBits) = element.block
        guard (dimensions.first ?? 1) % blockElements == 0 else {
            throw cursor.fault(
                "shape of \(name)", at: rankStart,
                expected: "rows of whole \(element.rawValue) blocks of \(blockElements)",
                got: "rows of \(dimensions.first ?? 1)")
        }
        let (size, overflows) = (elements / blockElements).multipliedReportingOverflow(by: blockBits / 8)
        guard !overflows else {
            throw cursor.fault(
                "shape of \(name)", at: rankStart, expected: "bytes that can be counted", got: "\(dimensions)")
        }
        let offset = try cursor.integer(UInt64.self, "offset of \(name)")
        guard let offset = Int(exactly: offset), offset % alignment == 0 else {
            throw cursor.fault(
                "offset of \(name)", at: position, expected: "a multiple of the alignment, \(alignment)",
                got: "\(offset)")
        }
        return TensorInfo(
            name: name, shape: dimensions.reversed(), element: element, offset: offset, size: size, position: position)
    }
}
