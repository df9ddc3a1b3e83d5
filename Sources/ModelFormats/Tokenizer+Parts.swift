extension Tokenizer {
    /// Reads the small components of tokenizer.json.
    struct Parts {
        /// Steps of a sequence and tokens of a template; Gemma has at most 3.
        static let maximumSteps = 64

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

        /// Checks that the next value is an object or a list.
        func expect(_ kind: JSONScanner.Kind, _ scanner: inout JSONScanner, _ part: String) throws {
            let found = try scanner.peek()
            guard found == kind else {
                throw fault(part, kind == .object ? "an object" : "a list", found.rawValue)
            }
        }

        /// Without a bound on pieces, a few generated tokens could be a text larger than memory.
        func checkSize(of piece: [UInt8], _ part: String) throws {
            guard piece.count <= Tokenizer.maximumPieceSize else {
                throw fault(part, "pieces of at most \(Tokenizer.maximumPieceSize) bytes", "\(piece.count)")
            }
        }

        private func kind(_ value: JSONValue, _ part: String) throws -> (name: String, object: JSONObject) {
            guard let object = value.object else { throw fault(part, "an object", value.summary) }
            return (try string(object["type"] ?? .null, part + ".type"), object)
        }

        func addedTokens(_ scanner: inout JSONScanner) throws -> [JSONObject] {
            var tokens: [JSONObject] = []
            if try scanner.peek() == .null {
                try scanner.null()
                return tokens
            }
            try expect(.array, &scanner, "added_tokens")
            try scanner.array { scanner, index in
                guard index < 200_000 else { throw fault("added_tokens", "at most 200000 tokens", "more") }
                try expect(.object, &scanner, "added_tokens[\(index)]")
                if let token = try scanner.value().object { tokens.append(token) }
            }
            return tokens
        }

        /// The merges as flat text: left and right of each pair end to end, and where each ends. Both spellings are
        /// read: `["a", "b"]` and `"a b"`.
        func merges(_ scanner: inout JSONScanner) throws -> (bytes: [UInt8], ends: [Int32]) {
            try expect(.array, &scanner, "model.merges")
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
                    throw fault(part + ".normalizers", "a list", object["normalizers"]?.summary ?? "nothing")
                }
                guard steps.count <= Self.maximumSteps else {
                    throw fault(part + ".normalizers", "at most \(Self.maximumSteps)", "\(steps.count)")
                }
                return try steps.flatMap { step in
                    guard try kind(step, part).name == "Replace" else {
                        throw fault(part, "Replace in a Sequence", quoted(try kind(step, part).name))
                    }
                    return try replacements(step, part: part)
                }
            default: throw fault(part, "Replace or Sequence", quoted(name))
            }
        }

        /// Refuses replacements that together may turn a text into one more than 16 times as long (Gemma: 3 times, a
        /// space to `▁`): each may feed the next, so that a few lines can ask for more memory than there is.
        func checkGrowth(_ replacements: [(pattern: [UInt8], content: [UInt8])], part: String) throws {
            let growth = replacements.reduce(1.0) {
                $0 * max(1, Double($1.content.count) / Double(max(1, $1.pattern.count)))
            }
            guard growth <= 16 else {
                throw fault(part, "replacements that make a text at most 16 times as long", "\(growth) times")
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
            guard name == "Split" else { throw fault("pre_tokenizer", "Split or null", quoted(name)) }
            guard let pattern = object["pattern"]?.object?["String"]?.string else {
                throw fault("pre_tokenizer.pattern", "a literal String", object["pattern"]?.summary ?? "nothing")
            }
            let bytes = Array(pattern.utf8)
            guard let last = normalizations.last, last.pattern == bytes,
                replacing(bytes, by: [0], in: last.content[...])
                    == last.content
            else { throw fault("pre_tokenizer", "a pattern that the normalizer removes", quoted(pattern)) }
        }

        func decoders(_ value: JSONValue) throws -> [Decoder] {
            let (name, object) = try kind(value, "decoder")
            switch name {
            case "Sequence":
                guard case .array(let steps)? = object["decoders"] else {
                    throw fault("decoder.decoders", "a list", object["decoders"]?.summary ?? "nothing")
                }
                guard steps.count <= Self.maximumSteps else {
                    throw fault("decoder.decoders", "at most \(Self.maximumSteps)", "\(steps.count)")
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
            default: throw fault("decoder", "Sequence, Replace, ByteFallback or Fuse", quoted(name))
            }
        }

        /// The ids that a TemplateProcessing puts before and after a single text.
        func template(_ value: JSONValue, pieces: PieceTable) throws -> (prefix: [Int], suffix: [Int]) {
            if value.isNull { return ([], []) }
            let (name, object) = try kind(value, "post_processor")
            guard name == "TemplateProcessing" else {
                throw fault("post_processor", "TemplateProcessing or null", quoted(name))
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
                    guard prefix.count + suffix.count <= Self.maximumSteps else {
                        throw fault("post_processor.single", "at most \(Self.maximumSteps) special tokens", "more")
                    }
                } else if step.object?["Sequence"]?.object?["id"] == .string("A"), !seesText {
                    seesText = true
                } else {
                    throw fault("post_processor.single", "special tokens around one text A", step.summary)
                }
            }
            guard seesText else { throw fault("post_processor.single", "the text A", "none") }
            return (prefix, suffix)
        }

        /// The ids of a special token of the template, each of which must be the piece that the file says it is.
        private func specialToken(_ key: String, _ object: JSONObject, pieces: PieceTable) throws -> [Int] {
            let part = "post_processor.special_tokens", token = object["special_tokens"]?.object?[key]?.object
            guard case .array(let ids)? = token?["ids"], case .array(let texts)? = token?["tokens"],
                ids.count == texts.count
            else { throw fault(part, "ids and as many tokens of \(quoted(key))", "another value") }
            return try zip(ids, texts).map { value, text in
                let text = try string(text, part)
                guard case .integer(let id) = value, pieces.roles.indices.contains(id), !pieces.roles[id].isEmpty else {
                    throw fault(part, "ids of pieces for \(quoted(key))", value.summary)
                }
                guard pieces[id].elementsEqual(text.utf8) else {
                    let piece = String(decoding: pieces[id], as: UTF8.self)
                    throw fault(part, "the id of \(quoted(text))", "\(id), which is \(quoted(piece))")
                }
                return id
            }
        }
    }
}
