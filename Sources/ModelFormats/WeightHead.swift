/// What a weight file says of itself before its numbers begin, for comparing two of them.
package struct WeightHead: Sendable {
    package let tensors: [Tensor]
    /// Metadata by key, each value as its bytes.
    package let properties: [String: [UInt8]]

    /// - Throws: ``ModelFormatError``; a file that is neither safetensors nor GGUF is one.
    package init(reading file: ReadableFile) throws {
        if FileFormat.byExtension(file.name) == .gguf {
            let head = try GGUF(reading: file)
            tensors = head.tensors
            properties = Dictionary(
                head.metadata.entries.map { ($0.key, head.metadata.bytes(of: $0.value)) },
                uniquingKeysWith: { first, _ in first })
        } else {
            let head = try Safetensors(reading: file)
            tensors = head.tensors
            properties = Dictionary(
                head.metadata.map { ($0.key, Array($0.value.utf8)) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Whether both hold the same tensors, but for their numbers.
    package func hasTensors(of other: WeightHead) -> Bool { shapes == other.shapes }

    private var shapes: [String: String] {
        Dictionary(
            tensors.map { ($0.name, "\($0.element.rawValue) \($0.shape)") }, uniquingKeysWith: { first, _ in first })
    }

    /// What is different in this one, in words: tensors first, then metadata.
    package func changes(since old: WeightHead) -> [String] {
        let (mine, theirs) = (shapes, old.shapes)
        let kinds = [
            ("added", mine.keys.filter { theirs[$0] == nil }), ("gone", theirs.keys.filter { mine[$0] == nil }),
            ("of another shape or type", mine.keys.filter { name in theirs[name].map { $0 != mine[name] } ?? false }),
        ]
        var words = Self.words(kinds, "tensors")
        if words.isEmpty { words = ["tensors: the same names, shapes and types"] }
        let metadata = [
            ("added", properties.keys.filter { old.properties[$0] == nil }),
            ("gone", old.properties.keys.filter { properties[$0] == nil }),
            ("changed", properties.keys.filter { key in old.properties[key].map { $0 != properties[key] } ?? false }),
        ]
        return words + Self.words(metadata, "metadata")
    }

    private static func words(_ kinds: [(kind: String, names: [String])], _ what: String) -> [String] {
        kinds.filter { !$0.names.isEmpty }.map { kind, names in
            let shown = names.sorted().prefix(5).joined(separator: ", ")
            return "\(what): \(names.count) \(kind) (\(shown)\(names.count > 5 ? ", …" : ""))"
        }
    }

    /// Tensors whose numbers differ between two files that hold the same ones. Blocking; reads both through.
    package static func changedTensors(_ old: ReadableFile, _ new: ReadableFile) throws -> [String] {
        let before = Dictionary(
            try WeightHead(reading: old).tensors.map { ($0.name, $0.range) }, uniquingKeysWith: { first, _ in first })
        let piece = 1 << 20
        let left = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        let right = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        defer {
            left.deallocate()
            right.deallocate()
        }
        return try WeightHead(reading: new).tensors.filter { tensor in
            guard let range = before[tensor.name], range.count == tensor.range.count else { return true }
            for start in stride(from: 0, to: range.count, by: piece) {
                let count = min(piece, range.count - start)
                let (a, b) = (UnsafeMutableRawBufferPointer(rebasing: left[..<count]), right[..<count])
                try old.read(into: a, at: range.lowerBound + start)
                try new.read(into: UnsafeMutableRawBufferPointer(rebasing: b), at: tensor.range.lowerBound + start)
                if !a.elementsEqual(b) { return true }
            }
            return false
        }.map(\.name)
    }
}

extension GGUFMetadata {
    /// A value as bytes that are equal where the value is.
    func bytes(of value: GGUFValue) -> [UInt8] {
        switch value {
        case .integer(let number): Array("i\(number)".utf8)
        case .number(let number): Array("n\(number)".utf8)
        case .boolean(let isTrue): Array("b\(isTrue)".utf8)
        case .string(let range): Array(head[range])
        case .list(let type, let count, let range): Array("l\(type.rawValue) \(count) ".utf8) + head[range]
        }
    }
}
