extension GGUFVocabulary {
    /// The keys `tokenizer.ggml.*` of a file's metadata. Whether they make a tokenizer is `Tokenizer`'s to say.
    package init(_ metadata: GGUFMetadata, file: String) throws {
        func fault(_ key: String, expected: String) -> ModelFormatError {
            .tokenizer(
                file: file, part: "tokenizer.ggml.\(key)", expected: expected,
                got: metadata["tokenizer.ggml.\(key)"].map(metadata.summary) ?? "nothing")
        }
        func id(_ key: String) throws -> Int? {
            switch metadata["tokenizer.ggml.\(key)"] {
            case nil: return nil
            case .integer(let id)?: return id
            default: throw fault(key, expected: "an id")
            }
        }
        func flag(_ key: String) throws -> Bool? {
            switch metadata["tokenizer.ggml.\(key)"] {
            case nil: return nil
            case .boolean(let flag)?: return flag
            default: throw fault(key, expected: "true or false")
            }
        }
        func texts(_ key: String) throws -> TextList {
            guard let value = metadata["tokenizer.ggml.\(key)"] else { return TextList() }
            guard case .list(.string, let count, let range) = value else {
                throw fault(key, expected: "a list of texts")
            }
            var list = TextList()
            list.reserve(count: count, bytes: range.count - 8 * count)
            for text in metadata.texts("tokenizer.ggml.\(key)") { list.append(metadata.head[text]) }
            return list
        }
        func numbers<Number>(_ key: String, _ type: GGUFType, as number: Number.Type) throws -> [Number] {
            guard let value = metadata["tokenizer.ggml.\(key)"] else { return [] }
            guard case .list(type, let count, let range) = value else {
                throw fault(key, expected: "a list of numbers")
            }
            return metadata.head[range].withUnsafeBytes { bytes in
                (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: number) }
            }
        }
        guard let model = metadata.string("tokenizer.ggml.model") else { throw fault("model", expected: "a string") }
        self.init(
            model: model, pieces: try texts("tokens"), scores: try numbers("scores", .f32, as: Float.self),
            types: try numbers("token_type", .i32, as: Int32.self), merges: try texts("merges"),
            beginOfSequence: try id("bos_token_id"), endOfSequence: try id("eos_token_id"),
            unknown: try id("unknown_token_id"), padding: try id("padding_token_id"),
            addsBeginOfSequence: try flag("add_bos_token"), addsSpacePrefix: try flag("add_space_prefix"))
    }
}

extension Tokenizer {
    /// The tokenizer of a GGUF model, from its metadata.
    package init(_ checkpoint: GGUFCheckpoint) throws {
        try self.init(
            gguf: try GGUFVocabulary(checkpoint.metadata, file: checkpoint.name), file: checkpoint.name)
    }
}

extension GGUFMetadata {
    /// Whether all keys of the tokenizer have the same values: quantisations of one model do.
    func hasSameTokenizer(as other: GGUFMetadata) -> Bool {
        let prefix = "tokenizer.ggml."
        let own = entries.filter { $0.key.hasPrefix(prefix) }
        guard own.count == other.entries.filter({ $0.key.hasPrefix(prefix) }).count else { return false }
        return own.allSatisfy { key, value, _ in
            switch (value, other[key]) {
            case (.integer(let left), .integer(let right)?): left == right
            case (.number(let left), .number(let right)?): left == right
            case (.boolean(let left), .boolean(let right)?): left == right
            case (.string(let left), .string(let right)?): head[left] == other.head[right]
            case (.list(let type, _, let left), .list(let otherType, _, let right)?):
                type == otherType && head[left] == other.head[right]
            default: false
            }
        }
    }
}
