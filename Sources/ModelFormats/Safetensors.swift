/// The checked header of a safetensors file: u64 length N little endian, N bytes of JSON, then the data without gaps.
///
/// Only the header is read. The rules are those of the reference reader (safetensors/src/tensor.rs) and stricter where
/// two readers could disagree: smaller caps, no key twice, no two names equal but for case or Unicode normalisation.
package struct Safetensors: Sendable {
    package static let maximumHeaderSize = 16 << 20
    package static let maximumTensorCount = 200_000
    package static let maximumRank = 16

    package let file: String
    /// Tensors in the order of their data.
    package let tensors: [Tensor]
    package let metadata: [(key: String, value: String)]

    package init(reading file: ReadableFile) throws {
        self.file = file.name
        let head = try file.prefix(count: 64)
        if let what = Self.notWeights(head) { throw ModelFormatError.notWeights(file: file.name, got: what) }
        func fault(_ field: String, expected: String, got: String) -> ModelFormatError {
            .malformedSafetensors(file: file.name, tensor: nil, field: field, expected: expected, got: got)
        }
        guard head.count >= 8 else {
            throw fault("file size", expected: "at least 8 bytes", got: "\(file.size)")
        }
        let length = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length >= 2, length <= UInt64(Self.maximumHeaderSize) else {
            throw fault("header length", expected: "2 to \(Self.maximumHeaderSize) bytes", got: "\(length)")
        }
        let headerSize = Int(length)
        guard headerSize <= file.size - 8 else {
            throw fault(
                "header length", expected: "at most \(file.size - 8), what the file holds", got: "\(headerSize)")
        }
        let header = try file.bytes(at: 8, count: headerSize)
        guard header.first == UInt8(ascii: "{") else {
            throw fault("first header byte", expected: "{", got: String(format(header[0])))
        }
        (tensors, metadata) = try Self.parse(header, file: file)
    }

    private static func parse(
        _ header: [UInt8], file: ReadableFile
    ) throws -> (tensors: [Tensor], metadata: [(key: String, value: String)]) {
        let dataStart = 8 + header.count
        var tensors: [Tensor] = [], metadata: [(key: String, value: String)] = []
        try JSONScanner.scan(header, file: file.name) { scanner in
            try scanner.object(unique: .canonical) { scanner, key in
                let name = String(decoding: key, as: UTF8.self)
                if name.utf8.elementsEqual("__metadata__".utf8) {
                    metadata = try readMetadata(&scanner)
                    return
                }
                guard tensors.count < maximumTensorCount else {
                    throw ModelFormatError.tooLarge(
                        file: file.name, what: "number of tensors", limit: maximumTensorCount, got: tensors.count + 1)
                }
                tensors.append(try readTensor(name, &scanner, dataStart: dataStart, fileSize: file.size))
            }
        }
        tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var end = dataStart
        for tensor in tensors {
            guard tensor.range.lowerBound == end else {
                throw ModelFormatError.malformedSafetensors(
                    file: file.name, tensor: tensor.name, field: "data_offsets",
                    expected: "to begin at \(end - dataStart), where the tensor before it ends",
                    got: "\(tensor.range.lowerBound - dataStart)")
            }
            end = tensor.range.upperBound
        }
        guard end == file.size else {
            throw ModelFormatError.malformedSafetensors(
                file: file.name, tensor: nil, field: "end of the last tensor",
                expected: "\(file.size - dataStart), the end of the file", got: "\(end - dataStart)")
        }
        return (tensors, metadata)
    }

    private static func readMetadata(_ scanner: inout JSONScanner) throws -> [(key: String, value: String)] {
        var metadata: [(key: String, value: String)] = []
        try scanner.object { scanner, key in
            let name = String(decoding: key, as: UTF8.self)
            let kind = try scanner.peek()
            guard kind == .string else {
                throw ModelFormatError.malformedSafetensors(
                    file: scanner.file, tensor: nil, field: "__metadata__ value of \(printable(name))",
                    expected: "a string", got: kind.rawValue)
            }
            metadata.append((name, String(decoding: try scanner.string(), as: UTF8.self)))
        }
        return metadata
    }

    private static func readTensor(
        _ name: String, _ scanner: inout JSONScanner, dataStart: Int, fileSize: Int
    ) throws -> Tensor {
        let file = scanner.file
        func fault(_ field: String, expected: String, got: String) -> ModelFormatError {
            .malformedSafetensors(file: file, tensor: name, field: field, expected: expected, got: got)
        }
        guard try scanner.peek() == .object else {
            throw fault("entry", expected: "an object", got: try scanner.peek().rawValue)
        }
        var element: TensorElement?, shape: [Int]?, offsets: [Int]?
        try scanner.object { scanner, key in
            switch String(decoding: key, as: UTF8.self) {
            case "dtype":
                guard try scanner.peek() == .string else {
                    throw fault("dtype", expected: "a string", got: try scanner.peek().rawValue)
                }
                let text = String(decoding: try scanner.string(), as: UTF8.self)
                guard let known = TensorElement(rawValue: text), known.block.elements == 1 else {
                    throw fault(
                        "dtype",
                        expected: "one of \(TensorElement.safetensors.map(\.rawValue).joined(separator: ", "))",
                        got: quoted(text))
                }
                element = known
            case "shape":
                shape = try sizes("shape", limit: maximumRank, &scanner, fault)
            case "data_offsets":
                offsets = try sizes("data_offsets", limit: 2, &scanner, fault)
            case let other:
                throw fault("fields", expected: "dtype, shape and data_offsets", got: quoted(other))
            }
        }
        guard let element else { throw fault("dtype", expected: "to be present", got: "nothing") }
        guard let shape else { throw fault("shape", expected: "to be present", got: "nothing") }
        guard let offsets else { throw fault("data_offsets", expected: "to be present", got: "nothing") }
        guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= fileSize - dataStart else {
            throw fault(
                "data_offsets", expected: "begin <= end <= \(fileSize - dataStart), what the file holds",
                got: "\(offsets)")
        }
        var bits = element.block.bits, overflows = false
        for size in shape {
            let product = bits.multipliedReportingOverflow(by: size)
            (bits, overflows) = (product.partialValue, overflows || product.overflow)
        }
        guard !overflows else {
            throw fault("shape", expected: "a number of bytes that can be counted", got: "\(shape)")
        }
        guard bits % 8 == 0, bits / 8 == offsets[1] - offsets[0] else {
            throw fault(
                "data_offsets",
                expected: "\(bits / 8) bytes for \(element.rawValue) \(shape)", got: "\(offsets[1] - offsets[0])")
        }
        return Tensor(
            name: name, element: element, shape: shape, range: (dataStart + offsets[0])..<(dataStart + offsets[1]))
    }

    private static func sizes(
        _ field: String, limit: Int, _ scanner: inout JSONScanner,
        _ fault: (String, String, String) -> ModelFormatError
    ) throws -> [Int] {
        guard try scanner.peek() == .array else {
            throw fault(field, "a list", try scanner.peek().rawValue)
        }
        var sizes: [Int] = []
        try scanner.array { scanner, index in
            guard index < limit else { throw fault(field, "at most \(limit) numbers", "more") }
            guard try scanner.peek() == .number else {
                throw fault(field, "whole numbers", try scanner.peek().rawValue)
            }
            let number = try scanner.number()
            guard case .integer(let size) = number, size >= 0 else {
                throw fault(field, "whole numbers from 0 on", number.summary)
            }
            sizes.append(size)
        }
        return sizes
    }

    /// What the first bytes are instead of weights: the usual symptoms of a broken download.
    static func notWeights(_ head: [UInt8]) -> String? {
        if head.isEmpty { return "an empty file" }
        if head.starts(with: Array("version https://git-lfs".utf8)) { return "a git-LFS pointer" }
        if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "a zip archive" }
        if head.count >= 4, head[0] == 0x80, (2...5).contains(head[1]), head[2] != 0 || head[3] != 0 {
            return "a pickle"
        }
        // The length of a true header leaves zeros here, and its lowest byte may be `<` by chance.
        if head.count >= 8, head[4..<8].allSatisfy({ $0 == 0 }) { return nil }
        let text = head.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if text.first == UInt8(ascii: "<") { return "a web page or XML" }
        if let first = text.first, [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(first) { return "JSON text" }
        return nil
    }
}

private func format(_ byte: UInt8) -> String {
    (0x21...0x7E).contains(byte) ? String(Unicode.Scalar(byte)) : "0x" + String(byte, radix: 16)
}
