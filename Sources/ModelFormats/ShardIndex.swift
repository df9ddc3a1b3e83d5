/// model.safetensors.index.json: which file holds which tensor.
package struct ShardIndex: Sendable {
    package static let path = "model.safetensors.index.json"
    package static let maximumSize = 64 << 20

    package let file: String
    /// `metadata.total_size`, the bytes of all tensors; some writers leave it out.
    package let totalSize: Int?
    /// Tensor names in the order of the text, with the file that each is said to be in.
    package let tensors: [(name: String, file: String)]

    /// The files named, each once, in order of first mention.
    package var files: [String] {
        var seen = Set<[UInt8]>()
        return tensors.map(\.file).filter { seen.insert(Array($0.utf8)).inserted }
    }

    package init(parsing bytes: [UInt8], file: String = ShardIndex.path) throws {
        func fault(_ subject: String, expected: String, got: String) -> ModelFormatError {
            .malformedIndex(file: file, subject: subject, expected: expected, got: got)
        }
        var tensors: [(name: String, file: String)]?, totalSize: Int?
        try JSONScanner.scan(bytes, file: file) { scanner in
            guard try scanner.peek() == .object else {
                throw fault("index", expected: "an object", got: try scanner.peek().rawValue)
            }
            try scanner.object { scanner, key in
                switch String(decoding: key, as: UTF8.self) {
                case "metadata":
                    guard try scanner.peek() == .object else {
                        throw fault("metadata", expected: "an object", got: try scanner.peek().rawValue)
                    }
                    try scanner.object { scanner, key in
                        guard String(decoding: key, as: UTF8.self) == "total_size" else { return try scanner.skip() }
                        let value = try scanner.value()
                        switch value {
                        case .integer(let size) where size >= 0: totalSize = size
                        // transformers 4.2x wrote 1234.0
                        case .number(let size) where size >= 0 && size < 0x1p53 && size == size.rounded():
                            totalSize = Int(size)
                        default: throw fault("total_size", expected: "a whole number", got: value.summary)
                        }
                    }
                case "weight_map":
                    tensors = try Self.weightMap(&scanner, fault)
                default:
                    try scanner.skip()
                }
            }
        }
        guard let tensors, !tensors.isEmpty else {
            throw fault("weight_map", expected: "at least one tensor", got: "none")
        }
        self.file = file
        self.totalSize = totalSize
        self.tensors = tensors
    }

    private static func weightMap(
        _ scanner: inout JSONScanner, _ fault: (String, String, String) -> ModelFormatError
    ) throws -> [(name: String, file: String)] {
        guard try scanner.peek() == .object else {
            throw fault("weight_map", "an object", try scanner.peek().rawValue)
        }
        var tensors: [(name: String, file: String)] = []
        try scanner.object(unique: .canonical) { scanner, key in
            let name = String(decoding: key, as: UTF8.self)
            guard try scanner.peek() == .string else { throw fault(name, "a file name", try scanner.peek().rawValue) }
            guard tensors.count < Safetensors.maximumTensorCount else {
                throw fault("weight_map", "at most \(Safetensors.maximumTensorCount) tensors", "more")
            }
            tensors.append((name, String(decoding: try scanner.string(), as: UTF8.self)))
        }
        return tensors
    }
}
