extension Tokenizer {
    /// Streams tokenizer.json into flat tables. A component of a kind that is not known here, or with a setting that
    /// would change the ids, is an error that names it.
    package init(parsing bytes: [UInt8], file: String = Tokenizer.path) throws {
        guard bytes.count <= Self.maximumSize else {
            throw ModelFormatError.tooLarge(
                file: file, what: "size in bytes", limit: Self.maximumSize, got: bytes.count)
        }
        // A Gemma 3 file has 29.0 MB, 262,144 pieces and 377,200 merges.
        pieces = PieceTable(expecting: bytes.count / 111)
        merges = MergeTable(expecting: bytes.count / 77)
        rawAdded = AddedTokens(role: .addedRaw)
        normalizedAdded = AddedTokens(role: .addedNormalized)

        let parts = Parts(file: file)
        var added: [JSONObject] = [], normalizer = JSONValue.null, preTokenizer = JSONValue.null
        var postProcessor = JSONValue.null, decoder = JSONValue.null, hasModel = false
        try JSONScanner.scan(bytes, file: file) { scanner in
            try parts.expect(.object, &scanner, "tokenizer")
            try scanner.object { scanner, key in
                switch String(decoding: key, as: UTF8.self) {
                case "added_tokens": added = try parts.addedTokens(&scanner)
                case "normalizer": normalizer = try scanner.value()
                case "pre_tokenizer": preTokenizer = try scanner.value()
                case "post_processor": postProcessor = try scanner.value()
                case "decoder": decoder = try scanner.value()
                case "model":
                    try readModel(&scanner, parts)
                    hasModel = true
                default: try scanner.skip()
                }
            }
        }
        guard hasModel else { throw parts.fault("model", "to be present", "nothing") }
        try add(added, parts)
        normalizations = try parts.replacements(normalizer, part: "normalizer")
        try parts.checkGrowth(normalizations, part: "normalizer")
        try parts.checkPreTokenizer(preTokenizer, after: normalizations)
        decoders = try parts.decoders(decoder)
        let decoderReplacements: [(pattern: [UInt8], content: [UInt8])] = decoders.compactMap {
            if case .replace(let pattern, let content) = $0 { (pattern, content) } else { nil }
        }
        try parts.checkGrowth(decoderReplacements, part: "decoder")
        (prefix, suffix) = try parts.template(postProcessor, pieces: pieces)

        let byteIDs = (0...255).map { pieces.id(of: Array("<0x\(hex(UInt8($0)))>".utf8)) }
        if byteIDs.allSatisfy({ $0 != nil }) { bytePieces = byteIDs.compactMap { $0.map(Int32.init) } }
        if byteFallback, bytePieces.isEmpty {
            throw parts.fault(
                "model.vocab", "all of <0x00> to <0xFF> for byte_fallback",
                "\(byteIDs.count { $0 != nil }) of them")
        }
    }

    private mutating func readModel(_ scanner: inout JSONScanner, _ parts: Parts) throws {
        try parts.expect(.object, &scanner, "model")
        var hasVocabulary = false, lateMerges: (bytes: [UInt8], ends: [Int32])?
        var unknownPiece: String?
        var type = "BPE"
        try scanner.object { scanner, key in
            let name = String(decoding: key, as: UTF8.self)
            switch name {
            case "vocab":
                try readVocabulary(&scanner, parts)
                hasVocabulary = true
            case "merges":
                lateMerges = try parts.merges(&scanner)
            case "type": type = try parts.string(try scanner.value(), "model.type")
            case "unk_token":
                let value = try scanner.value()
                unknownPiece = value.isNull ? nil : try parts.string(value, "model.unk_token")
            case "byte_fallback": byteFallback = try parts.boolean(try scanner.value(), "model.byte_fallback")
            case "fuse_unk": fusesUnknown = try parts.boolean(try scanner.value(), "model.fuse_unk")
            case "ignore_merges", "dropout", "continuing_subword_prefix", "end_of_word_suffix":
                let value = try scanner.value()
                guard value.isNull || value == .boolean(false) || value == .string("") || value == .number(0) else {
                    throw parts.fault("model.\(name)", "to be off", value.summary)
                }
            default:
                throw parts.fault("model", "only the settings of BPE", "the key \(quoted(name))")
            }
        }
        guard type == "BPE" else { throw parts.fault("model.type", "BPE", quoted(type)) }
        guard hasVocabulary else { throw parts.fault("model.vocab", "to be present", "nothing") }
        guard let lateMerges else { throw parts.fault("model.merges", "to be present", "nothing") }
        try resolve(lateMerges, parts)
        if let unknownPiece {
            guard let id = pieces.id(of: Array(unknownPiece.utf8)) else {
                throw parts.fault("model.unk_token", "a piece of the vocabulary", quoted(unknownPiece))
            }
            unknown = Int32(id)
        }
    }

    private mutating func readVocabulary(_ scanner: inout JSONScanner, _ parts: Parts) throws {
        try parts.expect(.object, &scanner, "model.vocab")
        try scanner.object(unique: .unchecked) { scanner, piece in
            guard try scanner.peek() == .number, case .integer(let id) = try scanner.number(),
                (0..<Self.maximumPieces).contains(id)
            else { throw parts.fault("model.vocab", "ids from 0 to \(Self.maximumPieces - 1)", "another value") }
            try parts.checkSize(of: piece, "model.vocab")
            guard pieces.insert(piece, id: id, role: .model) else {
                throw parts.fault(
                    "model.vocab", "pieces and ids that occur once",
                    "\(quoted(String(decoding: piece, as: UTF8.self))) = \(id) again")
            }
        }
    }

    /// Turns the texts of the merges into ids. Needs the whole vocabulary, which the file may hold after the merges.
    private mutating func resolve(_ texts: (bytes: [UInt8], ends: [Int32]), _ parts: Parts) throws {
        var start = 0
        try texts.bytes.withUnsafeBufferPointer { bytes in
            for rank in 0..<(texts.ends.count / 2) {
                let middle = Int(texts.ends[2 * rank]), end = Int(texts.ends[2 * rank + 1])
                func id(_ range: Range<Int>) throws -> Int {
                    let piece = UnsafeBufferPointer(rebasing: bytes[range])
                    guard let id = pieces.id(of: piece), pieces.roles[id].contains(.model) else {
                        throw parts.fault(
                            "model.merges", "pieces of the vocabulary",
                            "\(quoted(String(decoding: piece, as: UTF8.self))) in merge \(rank)")
                    }
                    return id
                }
                merges.insert(
                    left: try id(start..<middle), right: try id(middle..<end), rank: rank, merged: try id(start..<end))
                start = end
            }
        }
    }

    private mutating func add(_ tokens: [JSONObject], _ parts: Parts) throws {
        for token in tokens {
            let content = try parts.string(token["content"] ?? .null, "added_tokens.content")
            let piece = Array(content.utf8)
            guard !piece.isEmpty, case .integer(let id)? = token["id"], (0..<Self.maximumPieces).contains(id) else {
                throw parts.fault("added_tokens", "text and an id each", token["id"]?.summary ?? "none")
            }
            try parts.checkSize(of: piece, "added_tokens.content")
            for flag in ["single_word", "lstrip", "rstrip"] {
                guard token[flag] == nil || token[flag] == .boolean(false) else {
                    throw parts.fault(
                        "added_tokens.\(flag) of \(quoted(content))", "false", token[flag]?.summary ?? "nothing")
                }
            }
            let isNormalized = try parts.boolean(token["normalized"] ?? .boolean(true), "added_tokens.normalized")
            var role: PieceTable.Role = isNormalized ? .addedNormalized : .addedRaw
            if try parts.boolean(token["special"] ?? .boolean(false), "added_tokens.special") {
                role.formUnion(.special)
            }
            if pieces.id(of: piece) == id {
                pieces.add(role, to: id)
            } else if !pieces.insert(piece, id: id, role: role) {
                throw parts.fault(
                    "added_tokens", "ids and texts that agree with the vocabulary", "\(quoted(content)) = \(id)")
            }
            if isNormalized { normalizedAdded.insert(piece[...]) } else { rawAdded.insert(piece[...]) }
        }
    }
}

private func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.utf8.count == 1 ? "0" + digits : digits
}
