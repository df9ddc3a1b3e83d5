package import ModelFormats

/// A weight file in memory, to be changed and written again. What is written is not checked: it is meant to be wrong.
package struct WeightFile: Sendable {
    package struct StoredTensor: Sendable {
        package var name: String
        package var element: TensorElement
        /// Rows first.
        package var shape: [Int]
        package var bytes: [UInt8]
        /// ggml's number for the type, as the file gave it.
        var ggmlType: UInt32 = 0
    }

    enum Head: Sendable {
        case safetensors(metadata: [(key: String, value: String)])
        case gguf(GGUFHead)
    }

    let name: String
    var head: Head
    package var tensors: [StoredTensor]

    /// - Throws: `ModelFormatError` for a file that is not sound.
    init(reading file: ReadableFile) throws {
        name = file.name
        if FileFormat.byExtension(file.name) == .gguf {
            let gguf = try GGUF(reading: file)
            let read = try GGUFHead(parsing: try file.contents(limit: CheckpointCopy.maximumSize))
            head = .gguf(read)
            tensors = try gguf.tensors.map { tensor in
                StoredTensor(
                    name: tensor.name, element: tensor.element, shape: tensor.shape,
                    bytes: try file.bytes(at: tensor.range.lowerBound, count: tensor.range.count),
                    ggmlType: read.types[tensor.name] ?? 0)
            }
        } else {
            let header = try Safetensors(reading: file)
            head = .safetensors(metadata: header.metadata)
            tensors = try header.tensors.map { tensor in
                StoredTensor(
                    name: tensor.name, element: tensor.element, shape: tensor.shape,
                    bytes: try file.bytes(at: tensor.range.lowerBound, count: tensor.range.count))
            }
        }
    }

    init(safetensors name: String, _ tensors: [StoredTensor]) {
        self.name = name
        head = .safetensors(metadata: [("format", "pt")])
        self.tensors = tensors
    }

    /// The bytes of the file.
    var encoded: [UInt8] {
        switch head {
        case .safetensors(let metadata): encodedSafetensors(metadata)
        case .gguf(let head): head.encoded(tensors)
        }
    }

    private func encodedSafetensors(_ metadata: [(key: String, value: String)]) -> [UInt8] {
        var members: [(key: String, value: JSONValue)] = []
        if !metadata.isEmpty {
            members.append(
                ("__metadata__", .object(JSONObject(metadata.map { (key: $0.key, value: .string($0.value)) }))))
        }
        var data: [UInt8] = []
        for tensor in tensors {
            let range = [data.count, data.count + tensor.bytes.count]
            members.append(
                (
                    tensor.name,
                    .object(
                        JSONObject([
                            ("dtype", .string(tensor.element.rawValue)),
                            ("shape", .array(tensor.shape.map(JSONValue.integer))),
                            ("data_offsets", .array(range.map(JSONValue.integer))),
                        ]))
                ))
            data += tensor.bytes
        }
        var header = Array(JSONValue.object(JSONObject(members)).text.utf8)
        header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
        return littleEndian(UInt64(header.count)) + header + data
    }
}

/// The bytes of a number, little endian.
func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
