/// The tokenizer of all Gemma generations: BPE with byte fallback over text whose spaces were replaced by `▁`. There is no
/// splitting into words: the whole text between added tokens is one word. It is read from tokenizer.json or from the
/// vocabulary of a GGUF file.
///
/// Encoding: added tokens are taken out of the text first (leftmost, longest first), what is left is normalised, its
/// characters become pieces (characters without a piece become `<0xNN>` bytes), and neighbours merge.
package struct Tokenizer: Sendable {
    package static let path = "tokenizer.json"
    package static let maximumSize = 64 << 20
    package static let maximumPieces = 2_000_000
    /// The largest piece in bytes; Gemma's have less than 100.
    static let maximumPieceSize = 16 << 10

    var pieces: PieceTable
    var joining: Joining
    /// Applied in order to text between added tokens.
    var normalizations: [Normalization] = []
    /// Looked for in the text as given.
    var rawAdded = AddedTokens()
    /// Looked for in the normalised text.
    var normalizedAdded = AddedTokens()
    /// The texts of added tokens that the normaliser changes.
    var rewritten: [Int: [UInt8]] = [:]
    var decoders: [Decoder] = []
    var byteFallback = false
    /// A text that is a piece as a whole is that piece, whatever the merges say.
    var ignoresMerges = false
    /// The ids of `<0x00>` ... `<0xFF>`, empty when the vocabulary lacks one.
    var bytePieces: [Int32] = []
    var unknown: Int32?
    var fusesUnknown = false
    /// Tokens that are put around a text, normally `<bos>` before it.
    var prefix: [Int] = []
    var suffix: [Int] = []

    /// Which neighbours become one piece.
    enum Joining: Sendable {
        /// Pairs that are listed, in the order of the list.
        case merges(MergeTable)
        /// All whose joined text is a piece, in the order of that piece's number here, indexed by id.
        case scores([UInt32])
    }

    enum Normalization: Sendable {
        case replace(pattern: [UInt8], content: [UInt8])
        case prepend([UInt8])
    }

    enum Decoder: Sendable {
        case replace(pattern: [UInt8], content: [UInt8])
        case byteFallback
        case fuse
        /// Takes up to so many of one character off the start and the end.
        case strip(Unicode.Scalar, start: Int, end: Int)
    }

    /// One more than the largest id of any piece: ids from here on have no text.
    package var idCount: Int { pieces.idCount }
    package var pieceCount: Int { pieces.count }

    /// The id of a piece by its exact text, e.g. `<bos>`.
    package func id(of piece: String) -> Int? { pieces.id(of: Array(piece.utf8)) }

    /// The text of a piece, nil for an id that no piece has.
    package func piece(_ id: Int) -> String? {
        pieces.holds(id) ? String(decoding: pieces[id], as: UTF8.self) : nil
    }

    /// The token that begins a text: the post-processor's first, else the piece `<bos>`.
    package var beginOfSequence: Int? { prefix.first ?? id(of: "<bos>") }

    /// The ids of a text, with what the post-processor adds around it unless `addsSpecial` is false.
    package func encode(_ text: String, addsSpecial: Bool = true) -> [Int] {
        var ids: [Int32] = []
        rawAdded.split(Array(text.utf8)[...]) { part, added in
            if let added { return ids.append(added) }
            normalizedAdded.split(normalize(part)[...]) { part, added in
                if let added { ids.append(added) } else { encodeWord(part, into: &ids) }
            }
        }
        let own = ids.map(Int.init)
        return addsSpecial ? prefix + own + suffix : own
    }

    func normalize(_ text: ArraySlice<UInt8>) -> [UInt8] {
        normalizations.reduce(Array(text)) { text, step in
            switch step {
            case .replace(let pattern, let content): replacing(pattern, by: content, in: text[...])
            case .prepend(let content): text.isEmpty ? text : content + text
            }
        }
    }
}

/// `text` with every occurrence of `pattern` replaced, from the left, without overlap.
func replacing(_ pattern: [UInt8], by content: [UInt8], in text: ArraySlice<UInt8>) -> [UInt8] {
    guard let first = pattern.first else { return Array(text) }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var start = text.startIndex, index = text.startIndex
    while let found = text[index...].firstIndex(of: first) {
        if text[found...].starts(with: pattern) {
            result += text[start..<found]
            result += content
            index = found + pattern.count
            start = index
        } else {
            index = found + 1
        }
    }
    return result + text[start...]
}
