/// The two long lists of tokenizer.json, entry by entry.
extension Tokenizer.Parts {
    /// An entry of `added_tokens`.
    struct ListedToken {
        var id = -1
        var text: [UInt8] = []
        var isSpecial = false
        var isNormalized = true
        var isWholeWord = false
        var stripsLeft = false
        var stripsRight = false
    }

    func addedTokens(_ scanner: inout JSONScanner) throws -> [ListedToken] {
        var tokens: [ListedToken] = []
        if try scanner.peek() == .null {
            try scanner.null()
            return tokens
        }
        try expect(.array, &scanner, "added_tokens")
        try scanner.array { scanner, index in
            guard index < 200_000 else { throw fault("added_tokens", "at most 200000 tokens", "more") }
            try expect(.object, &scanner, "added_tokens[\(index)]")
            tokens.append(try addedToken(&scanner))
        }
        return tokens
    }

    private func addedToken(_ scanner: inout JSONScanner) throws -> ListedToken {
        var token = ListedToken()
        try scanner.object { scanner, key in
            func flag(_ name: String) throws -> Bool { try self.flag(try scanner.value(), "added_tokens." + name) }
            switch String(decoding: key, as: UTF8.self) {
            case "id":
                let value = try scanner.value()
                guard case .integer(let id) = value, (0..<Tokenizer.maximumPieces).contains(id) else {
                    throw fault("added_tokens.id", "an id below \(Tokenizer.maximumPieces)", value.summary)
                }
                token.id = id
            case "content": token.text = Array(try string(try scanner.value(), "added_tokens.content").utf8)
            case "special": token.isSpecial = try flag("special")
            case "normalized": token.isNormalized = try flag("normalized")
            case "single_word": token.isWholeWord = try flag("single_word")
            case "lstrip": token.stripsLeft = try flag("lstrip")
            case "rstrip": token.stripsRight = try flag("rstrip")
            default: try scanner.skip()
            }
        }
        guard !token.text.isEmpty, token.id >= 0 else {
            throw fault("added_tokens", "text and an id each", token.id < 0 ? "no id" : "no text")
        }
        try token.text.withUnsafeBufferPointer { try checkSize(of: $0, "added_tokens.content") }
        return token
    }

    /// Both spellings of a merge are read: `["a", "b"]` and `"a b"`. `batch` is called for every 64 of them.
    func merges(
        _ scanner: inout JSONScanner, into list: inout MergeList, _ batch: (inout MergeList) throws -> Void
    ) throws {
        try expect(.array, &scanner, "model.merges")
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
                    try scanner.withString { list.append($0) }
                    count += 1
                }
                guard count == 2 else {
                    throw fault("model.merges", "two strings each", "\(count) in merge \(rank)")
                }
            case .string:
                guard try scanner.withString({ list.append(pair: $0) }) else {
                    throw fault("model.merges", "two pieces with a space between", "another text in merge \(rank)")
                }
            case let other: throw fault("model.merges", "pairs", other.rawValue)
            }
            if rank % 64 == 63 { try batch(&list) }
        }
    }
}
