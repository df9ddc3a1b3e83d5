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

        func flag(_ value: JSONValue, _ part: String) throws -> Bool {
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
        func checkSize(of piece: UnsafeBufferPointer<UInt8>, _ part: String) throws {
            guard piece.count <= Tokenizer.maximumPieceSize else {
                throw fault(part, "pieces of at most \(Tokenizer.maximumPieceSize) bytes", "\(piece.count)")
            }
        }

        private func kind(_ value: JSONValue, _ part: String) throws -> (name: String, object: JSONObject) {
            guard let object = value.object else { throw fault(part, "an object", value.summary) }
            return (try string(object["type"] ?? .null, part + ".type"), object)
        }

        /// `Replace` with a literal pattern, `Prepend`, or a `Sequence` of such.
        func normalizations(_ value: JSONValue) throws -> [Normalization] {
            let steps = try normalizationSteps(value, isNested: false)
            try checkGrowth(
                steps.map { step in
                    switch step {
                    case .replace(let pattern, let content): (pattern.count, content.count)
                    case .prepend(let content): (1, 1 + content.count)
                    }
                }, part: "normalizer")
            return steps
        }

        private func normalizationSteps(_ value: JSONValue, isNested: Bool) throws -> [Normalization] {
            if value.isNull, !isNested { return [] }
            let (name, object) = try kind(value, "normalizer")
            switch name {
            case "Replace":
                let (pattern, content) = try replacement(object, "normalizer")
                return [.replace(pattern: pattern, content: content)]
            case "Prepend":
                return [.prepend(Array(try string(object["prepend"] ?? .null, "normalizer.prepend").utf8))]
            case "Sequence" where !isNested:
                guard case .array(let steps)? = object["normalizers"] else {
                    throw fault("normalizer.normalizers", "a list", object["normalizers"]?.summary ?? "nothing")
                }
                guard steps.count <= Self.maximumSteps else {
                    throw fault("normalizer.normalizers", "at most \(Self.maximumSteps)", "\(steps.count)")
                }
                return try steps.flatMap { try normalizationSteps($0, isNested: true) }
            default: throw fault("normalizer", "Replace, Prepend or a Sequence of them", quoted(name))
            }
        }

        func checkGrowth(_ decoders: [Decoder]) throws {
            try checkGrowth(
                decoders.map {
                    if case .replace(let pattern, let content) = $0 { (pattern.count, content.count) } else { (1, 1) }
                }, part: "decoder")
        }

        /// Refuses steps that together may turn a text into one more than 16 times as long (Gemma: 3 times, a space to
        /// `▁`): each may feed the next, so that a few lines can ask for more memory than there is.
        private func checkGrowth(_ steps: [(from: Int, to: Int)], part: String) throws {
            let growth = steps.reduce(1.0) { $0 * max(1, Double($1.to) / Double(max(1, $1.from))) }
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
            // A text is searched in time that grows with the product of both lengths.
            guard pattern.utf8.count <= 256 else {
                throw fault(part + ".pattern", "at most 256 bytes", "\(pattern.utf8.count)")
            }
            return (Array(pattern.utf8), Array(try string(object["content"] ?? .null, part + ".content").utf8))
        }

        /// Only a Split whose pattern the normaliser has already replaced, so that it never fires.
        func checkPreTokenizer(_ value: JSONValue, after normalizations: [Normalization]) throws {
            if value.isNull { return }
            let (name, object) = try kind(value, "pre_tokenizer")
            guard name == "Split" else { throw fault("pre_tokenizer", "Split or null", quoted(name)) }
            guard let pattern = object["pattern"]?.object?["String"]?.string else {
                throw fault("pre_tokenizer.pattern", "a literal String", object["pattern"]?.summary ?? "nothing")
            }
            let bytes = Array(pattern.utf8)
            // A pattern of several characters could come together from what is left around a replaced one.
            guard case .replace(bytes, let content)? = normalizations.last, !content.contains(bytes),
                pattern.unicodeScalars.count == 1
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
            case "Strip":
                let content = object["content"]?.string?.unicodeScalars
                guard content?.count == 1, let scalar = content?.first, case .integer(let start)? = object["start"],
                    case .integer(let end)? = object["stop"], min(start, end) >= 0
                else { throw fault("decoder.Strip", "a character, start and stop", "another value") }
                return [.strip(scalar, start: start, end: end)]
            default: throw fault("decoder", "Sequence, Replace, ByteFallback, Fuse or Strip", quoted(name))
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
