extension Tokenizer {
    /// Reads the small components of tokenizer.json.
    struct Parts {
        let file: String

        func fault(_ part: String, _ expected: String, _ got: String) -> ModelFormatError {
            .tokenizer(file: file, part: part, expected: expected, got: got)
        }

        func string(_ value: JSONValue, _ part: String) throws -> String {
            guard let string = value.string else { throw fault(part, "a string", value.summary) }
            return string
        }

        func boolean(_ value: JSONValue, _ part: String) throws -> Bool {
            guard case .boolean(let flag) = value else { throw fault(part, "true or false", value.summary) }
            return flag
        }

        private func kind(_ value: JSONValue, _ part: String) throws -> (name: String, object: JSONObject) {
            guard let object = value.object else { throw fault(part, "an object or null", value.summary) }
            return (try string(object["type"] ?? .null, part + ".type"), object)
        }

        func addedTokens(_ scanner: inout JSONScanner) throws -> [JSONObject] {
            var tokens: [JSONObject] = []
            if try scanner.peek() == .null {
                try scanner.null()
                return tokens
            }
            guard try scanner.peek() == .array else { throw fault("added_tokens", "a list", "none") }
            try scanner.array { scanner, index in
                guard index < 200_000 else { throw fault("added_tokens", "at most 200000 tokens", "more") }
                guard let token = try scanner.value().object else { throw fault("added_tokens", "objects", "none") }
                tokens.append(token)
            }
            return tokens
        }

        /// The merges as flat text: left and right of each pair end to end, and where each ends. Both spellings are
        /// read: `["a", "b"]` and `"a b"`.
        func merges(_ scanner: inout JSONScanner) throws -> (bytes: [UInt8], ends: [Int32]) {
            guard try scanner.peek() == .array else { throw fault("model.merges", "a list", "none") }
            var bytes: [UInt8] = [], ends: [Int32] = []
            try scanner.array { scanner, rank in
                guard rank < Tokenizer.maximumPieces else {
                    throw fault("model.merges", "at most \(Tokenizer.maximumPieces)", "more")
                }
                switch try scanner.peek() {
                case .array:
                    var count = 0
                    try scanner.array { scanner, _ in
                        guard count < 2, try scanner.peek() == .string else {
                            throw fault("model.merges", "two strings each", "another value in merge \(rank)")
                        }
                        try scanner.string(into: &bytes)
                        ends.append(Int32(bytes.count))
                        count += 1
                    }
                    guard count == 2 else {
                        throw fault("model.merges", "two strings each", "\(count) in merge \(rank)")
                    }
                case .string:
                    let pair = try scanner.string()
                    let parts = pair.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
                    guard parts.count == 2 else {
                        throw fault("model.merges", "two pieces with a space between", "another text in merge \(rank)")
                    }
                    for part in parts {
                        bytes += part
                        ends.append(Int32(bytes.count))
                    }
                case let other: throw fault("model.merges", "pairs", other.rawValue)
                }
            }
            return (bytes, ends)
        }

        /// `Replace` with a literal pattern, or a `Sequence` of such.
        func replacements(
            _ value: JSONValue, part: String
        ) throws -> [(pattern: [UInt8], content: [UInt8])] {
            if value.isNull { return [] }
            let (name, object) = try kind(value, part)
            switch name {
            case "Replace": return [try replacement(object, part)]
            case "Sequence":
                guard case .array(let steps)? = object["normalizers"] else {
                    throw fault(part + ".normalizers", "a list", "none")
                }
                return try steps.flatMap { step in
                    guard try kind(step, part).name == "Replace" else {
                        throw fault(part, "Replace in a Sequence", try kind(step, part).name)
                    }
                    return try replacements(step, part: part)
                }
            default: throw fault(part, "Replace or Sequence", name)
            }
        }

        private func replacement(
            _ object: JSONObject, _ part: String
        ) throws -> (pattern: [UInt8], content: [UInt8]) {
            guard let pattern = object["pattern"]?.object?["String"]?.string, !pattern.isEmpty else {
                throw fault(part + ".pattern", "a literal String", object["pattern"]?.summary ?? "nothing")
            }
            return (Array(pattern.utf8), Array(try string(object["content"] ?? .null, part + ".content").utf8))
        }

        /// Only a Split whose pattern the normaliser has already replaced, so that it never fires.
        func checkPreTokenizer(
            _ value: JSONValue, after normalizations: [(pattern: [UInt8], content: [UInt8])]
        ) throws {
            if value.isNull { return }
            let (name, object) = try kind(value, "pre_tokenizer")
            guard name == "Split" else { throw fault("pre_tokenizer", "Split or null", name) }
            guard let pattern = object["pattern"]?.object?["String"]?.string else {
                throw fault("pre_tokenizer.pattern", "a literal String", object["pattern"]?.summary ?? "nothing")
            }
            let bytes = Array(pattern.utf8)
            guard let last = normalizations.last, last.pattern == bytes,
                replacing(bytes, by: [0], in: last.content[...])
                    == last.content
            else { throw fault("pre_tokenizer", "a pattern that the normalizer removes", pattern) }
        }

        func decoders(_ value: JSONValue) throws -> [Decoder] {
            let (name, object) = try kind(value, "decoder")
            switch name {
            case "Sequence":
                guard case .array(let steps)? = object["decoders"] else {
                    throw fault("decoder.decoders", "a list", "none")
                }
                return try steps.flatMap { step in
                    guard try kind(step, "decoder").name != "Sequence" else {
                        throw fault("decoder", "no Sequence inside a Sequence", "one")
                    }
                    return try decoders(step)
                }
            case "Replace":
                let (pattern, content) = try replacement(object, "decoder")
                return [.replace(pattern: pattern, content: content)]
            case "ByteFallback": return [.byteFallback]
            case "Fuse": return [.fuse]
            default: throw fault("decoder", "Sequence, Replace, ByteFallback or Fuse", name)
            }
        }

        /// The ids that a TemplateProcessing puts before and after a single text.
        func template(_ value: JSONValue, pieces: PieceTable) throws -> (prefix: [Int], suffix: [Int]) {
            if value.isNull { return ([], []) }
            let (name, object) = try kind(value, "post_processor")
            guard name == "TemplateProcessing" else {
                throw fault("post_processor", "TemplateProcessing or null", name)
            }
            guard case .array(let steps)? = object["single"] else {
                throw fault("post_processor.single", "a list", object["single"]?.summary ?? "nothing")
            }
            var prefix: [Int] = [], suffix: [Int] = [], seesText = false
            for step in steps {
                if let token = step.object?["SpecialToken"]?.object {
                    let key = try string(token["id"] ?? .null, "post_processor.single")
                    let ids = try specialToken(key, object, pieces: pieces)
                    if seesText { suffix += ids } else { prefix += ids }
                } else if step.object?["Sequence"]?.object?["id"] == .string("A"), !seesText {
                    seesText = true
                } else {
                    throw fault("post_processor.single", "special tokens around one text A", step.summary)
                }
            }
            guard seesText else { throw fault("post_processor.single", "the text A", "none") }
            return (prefix, suffix)
        }

        private func specialToken(_ key: String, _ object: JSONObject, pieces: PieceTable) throws -> [Int] {
            guard case .array(let ids)? = object["special_tokens"]?.object?[key]?.object?["ids"] else {
                throw fault("post_processor.special_tokens", "ids of \(key)", "none")
            }
            return try ids.map { value in
                guard case .integer(let id) = value, pieces.roles.indices.contains(id), !pieces.roles[id].isEmpty else {
                    throw fault("post_processor.special_tokens", "ids of pieces for \(key)", value.summary)
                }
                return id
            }
        }
    }
}
