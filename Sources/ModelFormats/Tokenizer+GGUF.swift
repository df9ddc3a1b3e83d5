extension Tokenizer {
    private enum PieceType: Int32 { case normal = 1, unknown, control, userDefined, unused, byte }

    /// The tokenizer of a GGUF file. Ids are those of the tokenizer.json that the file was converted with; `<bos>` goes
    /// before every text. Errors name the key of the metadata.
    package init(gguf vocabulary: GGUFVocabulary, file: String) throws {
        let reader = GGUFVocabularyReader(vocabulary: vocabulary, file: file)
        let types = try reader.types()
        (pieces, rawAdded) = try reader.pieces(types)
        switch vocabulary.model {
        case "llama": joining = .scores(try reader.priorities(types))
        case "gemma4": joining = .merges(try reader.merges(pieces))
        case let other: throw reader.fault("model", #""llama" or "gemma4""#, quoted(other))
        }
        guard vocabulary.addsSpacePrefix != true else { throw reader.fault("add_space_prefix", "false", "true") }
        normalizations = [.replace(pattern: Array(" ".utf8), content: Array("▁".utf8))]
        decoders = [.replace(pattern: Array("▁".utf8), content: Array(" ".utf8)), .byteFallback, .fuse]
        byteFallback = true
        let byteIDs = Self.bytePieces(in: pieces)
        bytePieces = byteIDs.compactMap { $0 }
        guard bytePieces.count == 256 else {
            throw reader.fault("tokens", "all of <0x00> to <0xFF>", "\(bytePieces.count) of them")
        }
        _ = try reader.id(vocabulary.endOfSequence, "eos_token_id")
        _ = try reader.id(vocabulary.padding, "padding_token_id")
        unknown = try reader.id(vocabulary.unknown, "unknown_token_id").map(Int32.init)
        guard let begin = try reader.id(vocabulary.beginOfSequence, "bos_token_id") ?? id(of: "<bos>") else {
            throw reader.fault("bos_token_id", "an id, which every Gemma needs", "nothing")
        }
        prefix = [begin]
    }

    /// Checks the arrays of a vocabulary and makes tables of them.
    private struct GGUFVocabularyReader {
        let vocabulary: GGUFVocabulary
        let file: String

        func fault(_ key: String, _ expected: String, _ got: String) -> ModelFormatError {
            .tokenizer(file: file, part: "tokenizer.ggml.\(key)", expected: expected, got: got)
        }

        func id(_ id: Int?, _ key: String) throws -> Int? {
            guard let id else { return nil }
            guard (0..<vocabulary.pieces.count).contains(id) else {
                throw fault(key, "an id below \(vocabulary.pieces.count)", "\(id)")
            }
            return id
        }

        func types() throws -> [PieceType] {
            let count = vocabulary.pieces.count
            guard (1...Tokenizer.maximumPieces).contains(count) else {
                throw fault("tokens", "1 to \(Tokenizer.maximumPieces) pieces", "\(count)")
            }
            guard vocabulary.types.count == count else {
                throw fault("token_type", "a type for each of \(count) pieces", "\(vocabulary.types.count)")
            }
            return try vocabulary.types.enumerated().map { id, value in
                guard let type = PieceType(rawValue: value) else {
                    throw fault("token_type", "types from 1 to 6", "\(value) for piece \(id)")
                }
                return type
            }
        }

        func pieces(_ types: [PieceType]) throws -> (PieceTable, AddedTokens) {
            let texts = vocabulary.pieces
            guard texts.bytes.count <= Tokenizer.maximumSize else {
                throw fault("tokens", "at most \(Tokenizer.maximumSize) bytes", "\(texts.bytes.count)")
            }
            // Well-formed as a whole, and no piece begins inside a character: well-formed each.
            guard String(validating: texts.bytes, as: UTF8.self) != nil,
                (0..<texts.count).allSatisfy({ texts[$0].first.map { $0 & 0xC0 != 0x80 } ?? true })
            else { throw fault("tokens", "well-formed UTF-8", "other bytes") }
            var table = PieceTable(expecting: texts.count), added: [AddedToken] = []
            for (id, type) in types.enumerated() {
                guard (1...Tokenizer.maximumPieceSize).contains(texts[id].count) else {
                    throw fault(
                        "tokens", "pieces of 1 to \(Tokenizer.maximumPieceSize) bytes", "\(texts[id].count) for \(id)")
                }
                // llama.cpp's converter writes runs of spaces as such. In tokenizer.json, and in the text that is cut
                // into pieces, they are runs of `▁`.
                let text =
                    type == .userDefined ? replacing([0x20], by: Array("▁".utf8), in: texts[id]) : Array(texts[id])
                let role: PieceTable.Role = type == .control || type == .unknown ? [.model, .special] : .model
                guard text.withUnsafeBufferPointer({ table.insert($0, id: id, role: role) }) else {
                    throw fault(
                        "tokens", "pieces that occur once",
                        "\(quoted(String(decoding: text, as: UTF8.self))) = \(id) again")
                }
                switch type {
                case .control, .unknown, .userDefined: added.append(AddedToken(id: Int32(id), text: text))
                case .normal, .unused, .byte: break
                }
            }
            return (table, AddedTokens(added))
        }

        /// Per id a number that is the lower the higher the score is. User-defined pieces come first, as in
        /// tokenizer.model, where they have the score 0: converters write -1000.
        func priorities(_ types: [PieceType]) throws -> [UInt32] {
            guard vocabulary.scores.count == types.count else {
                throw fault("scores", "a score for each of \(types.count) pieces", "\(vocabulary.scores.count)")
            }
            return try vocabulary.scores.enumerated().map { id, score in
                guard !score.isNaN else { throw fault("scores", "numbers", "NaN for piece \(id)") }
                if types[id] == .userDefined { return 0 }
                // The bits of negative floats grow with the magnitude, those of positive ones are turned around.
                let bits = (score == 0 ? 0 : score).bitPattern
                return bits >> 31 == 1 ? bits : ~bits & 0x7FFF_FFFF
            }
        }

        func merges(_ pieces: PieceTable) throws -> MergeTable {
            let texts = vocabulary.merges
            guard (1...Tokenizer.maximumPieces).contains(texts.count) else {
                throw fault("merges", "1 to \(Tokenizer.maximumPieces) merges", "\(texts.count)")
            }
            var list = MergeList(), table = MergeTable(expecting: texts.count)
            for rank in 0..<texts.count {
                guard list.append(pair: texts[rank]) else {
                    throw fault("merges", "two pieces with a space between", "another text in merge \(rank)")
                }
                if rank % 64 == 63 || rank == texts.count - 1 {
                    try list.resolve(in: pieces, into: &table) { fault("merges", "pieces of the vocabulary", $0) }
                }
            }
            return table
        }
    }
}
