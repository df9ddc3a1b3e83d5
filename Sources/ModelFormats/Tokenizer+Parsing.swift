extension Tokenizer {
    /// Streams tokenizer.json into flat tables. A component of a kind that is not known here, or with a setting that
    /// would change the ids, is an error that names it. `truncation` and `padding` are left to the caller, as transformers
    /// leaves them.
    package init(parsing bytes: [UInt8], file: String = Tokenizer.path) throws {
        guard bytes.count <= Self.maximumSize else {
            throw ModelFormatError.tooLarge(
                file: file, what: "size in bytes", limit: Self.maximumSize, got: bytes.count)
        }
        // A Gemma 3 file has 29.0 MB and 262,144 pieces.
        pieces = PieceTable(expecting: bytes.count / 111)
        joining = .merges(MergeTable(expecting: 0))

        let parts = Parts(file: file)
        var added: [Parts.ListedToken] = [], normalizer = JSONValue.null, preTokenizer = JSONValue.null
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
        normalizations = try parts.normalizations(normalizer)
        try parts.checkPreTokenizer(preTokenizer, after: normalizations)
        try add(added, parts)
        decoders = try parts.decoders(decoder)
        try parts.checkGrowth(decoders)
        (prefix, suffix) = try parts.template(postProcessor, pieces: pieces)

        let byteIDs = Self.bytePieces(in: pieces)
        if byteIDs.allSatisfy({ $0 != nil }) { bytePieces = byteIDs.compactMap { $0 } }
        if byteFallback, bytePieces.isEmpty {
            throw parts.fault(
                "model.vocab", "all of <0x00> to <0xFF> for byte_fallback",
                "\(byteIDs.count { $0 != nil }) of them")
        }
    }

    /// The ids of `<0x00>` ... `<0xFF>`, nil where there is no such piece.
    static func bytePieces(in pieces: PieceTable) -> [Int32?] {
        (0...255).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return pieces.id(of: Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)).map(Int32.init)
        }
    }

    private mutating func readModel(_ scanner: inout JSONScanner, _ parts: Parts) throws {
        try parts.expect(.object, &scanner, "model")
        var hasVocabulary = false, merges = MergeList(), hasMerges = false, table = MergeTable(expecting: 0)
        var unknownPiece: String?
        var type = "BPE"
        try scanner.object { scanner, key in
            let name = String(decoding: key, as: UTF8.self)
            switch name {
            case "vocab":
                try readVocabulary(&scanner, parts)
                hasVocabulary = true
            case "merges":
                // A Gemma 3 file has a merge for every 77 bytes.
                table = MergeTable(expecting: scanner.bytes.count / 77)
                try parts.merges(&scanner, into: &merges) { merges in
                    // As soon as the vocabulary is known, a list of a few is enough.
                    if hasVocabulary { try resolve(&merges, into: &table, parts) }
                }
                hasMerges = true
            case "type": type = try parts.string(try scanner.value(), "model.type")
            case "unk_token":
                let value = try scanner.value()
                unknownPiece = value.isNull ? nil : try parts.string(value, "model.unk_token")
            case "byte_fallback": byteFallback = try parts.flag(try scanner.value(), "model.byte_fallback")
            case "fuse_unk": fusesUnknown = try parts.flag(try scanner.value(), "model.fuse_unk")
            case "ignore_merges": ignoresMerges = try parts.flag(try scanner.value(), "model.ignore_merges")
            case "dropout", "continuing_subword_prefix", "end_of_word_suffix":
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
        guard hasMerges else { throw parts.fault("model.merges", "to be present", "nothing") }
        try resolve(&merges, into: &table, parts)
        joining = .merges(table)
        if let unknownPiece {
            guard let id = pieces.id(of: Array(unknownPiece.utf8)) else {
                throw parts.fault("model.unk_token", "a piece of the vocabulary", quoted(unknownPiece))
            }
            unknown = Int32(id)
        }
    }

    private func resolve(_ merges: inout MergeList, into table: inout MergeTable, _ parts: Parts) throws {
        try merges.resolve(in: pieces, into: &table) {
            parts.fault("model.merges", "pieces of the vocabulary", $0)
        }
    }

    private mutating func readVocabulary(_ scanner: inout JSONScanner, _ parts: Parts) throws {
        try parts.expect(.object, &scanner, "model.vocab")
        func check(_ taken: Int?) throws {
            guard let taken else { return }
            let piece = String(decoding: pieces[taken], as: UTF8.self)
            throw parts.fault("model.vocab", "pieces and ids that occur once", "\(quoted(piece)) = \(taken) again")
        }
        try scanner.largeObject { scanner, piece in
            let value = try scanner.peek() == .number ? try scanner.number() : try scanner.value()
            guard case .integer(let id) = value, (0..<Self.maximumPieces).contains(id) else {
                throw parts.fault(
                    "model.vocab", "ids from 0 to \(Self.maximumPieces - 1)",
                    "\(value.summary) for \(quoted(String(decoding: piece, as: UTF8.self)))")
            }
            try parts.checkSize(of: piece, "model.vocab")
            try check(pieces.insertLater(piece, id: id, role: .model))
        }
        try check(pieces.insertPending())
    }

    private mutating func add(_ tokens: [Parts.ListedToken], _ parts: Parts) throws {
        var raw: [AddedToken] = [], normalized: [AddedToken] = []
        // The reference numbers tokens beyond the vocabulary itself, whatever the file says.
        var next = pieces.count
        for token in tokens {
            func fault(_ expected: String) -> ModelFormatError {
                parts.fault(
                    "added_tokens", expected, "\(quoted(String(decoding: token.text, as: UTF8.self))) = \(token.id)")
            }
            if pieces.id(of: token.text) == nil {
                guard token.id == next, token.text.withUnsafeBufferPointer({ pieces.insert($0, id: next, role: []) })
                else { throw fault("the next free id, \(next), for a text that the vocabulary lacks") }
            }
            guard pieces.id(of: token.text) == token.id, !pieces.roles[token.id].contains(.added) else {
                throw fault("ids and texts that agree with the vocabulary and occur once")
            }
            next = max(next, token.id + 1)
            let text = token.isNormalized ? normalize(token.text[...]) : token.text
            guard !text.isEmpty else { throw fault("a text that the normalizer leaves something of") }
            // The reference decodes such a token to its normalised text, which it does not know as a control token.
            let isRewritten = text != token.text
            if isRewritten { rewritten[token.id] = text }
            pieces.add(token.isSpecial && !isRewritten ? [.added, .special] : .added, to: token.id)
            let found = AddedToken(
                id: Int32(token.id), text: text, isWholeWord: token.isWholeWord, stripsLeft: token.stripsLeft,
                stripsRight: token.stripsRight)
            if token.isNormalized { normalized.append(found) } else { raw.append(found) }
        }
        rawAdded = AddedTokens(raw)
        normalizedAdded = AddedTokens(normalized)
        if let twice = normalizedAdded.firstRepeated {
            throw parts.fault(
                "added_tokens", "texts that differ after the normalizer",
                "\(quoted(String(decoding: twice.text, as: UTF8.self))) twice")
        }
    }
}
