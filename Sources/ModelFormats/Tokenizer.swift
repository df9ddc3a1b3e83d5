/// A tokenizer.json of the kind that all Gemma generations ship: BPE with byte fallback over text whose spaces were
/// replaced by `▁`. There is no splitting into words: the whole text between added tokens is one word.
///
/// Encoding: added tokens are taken out of the text first (leftmost, longest first), what is left is normalised, its
/// characters become pieces (characters without a piece become `<0xNN>` bytes), and neighbours merge by rank.
package struct Tokenizer: Sendable {
    package static let path = "tokenizer.json"
    package static let maximumSize = 64 << 20
    package static let maximumPieces = 2_000_000
    /// The largest piece in bytes; Gemma's have less than 100.
    static let maximumPieceSize = 16 << 10

    var pieces: PieceTable
    var merges: MergeTable
    /// Literal replacements applied in order to text between added tokens.
    var normalizations: [(pattern: [UInt8], content: [UInt8])] = []
    var rawAdded = AddedTokens()
    var normalizedAdded = AddedTokens()
    var decoders: [Decoder] = []
    var byteFallback = false
    /// The ids of `<0x00>` ... `<0xFF>`, empty when the vocabulary lacks one.
    var bytePieces: [Int32] = []
    var unknown: Int32?
    var fusesUnknown = false
    /// Tokens that the post-processor puts around a text, normally `<bos>` before it.
    var prefix: [Int] = []
    var suffix: [Int] = []

    enum Decoder: Sendable {
        case replace(pattern: [UInt8], content: [UInt8])
        case byteFallback
        case fuse
    }

    /// Reads the tokenizer.json of a model.
    package init(reading model: ModelFiles) throws {
        try self.init(parsing: try model.open(Self.path).contents(limit: Self.maximumSize))
    }

    /// One more than the largest id of any piece: ids from here on have no text.
    package var idCount: Int { pieces.idCount }
    package var pieceCount: Int { pieces.count }

    /// The id of a piece by its exact text, e.g. `<bos>`.
    package func id(of piece: String) -> Int? { pieces.id(of: Array(piece.utf8)) }

    /// The text of a piece, nil for an id that no piece has.
    package func piece(_ id: Int) -> String? {
        guard pieces.roles.indices.contains(id), !pieces.roles[id].isEmpty else { return nil }
        return String(decoding: pieces[id], as: UTF8.self)
    }

    /// The token that begins a text: the post-processor's first, else the piece `<bos>`.
    package var beginOfSequence: Int? { prefix.first ?? id(of: "<bos>") }

    /// The ids of a text, with what the post-processor adds around it unless `addsSpecial` is false.
    package func encode(_ text: String, addsSpecial: Bool = true) -> [Int] {
        var ids: [Int32] = []
        let bytes = Array(text.utf8)
        rawAdded.split(bytes[...], pieces: pieces) { part, added in
            if let added { return ids.append(added) }
            let normalized = normalize(part)
            normalizedAdded.split(normalized[...], pieces: pieces) { part, added in
                if let added { ids.append(added) } else { encodeWord(part, into: &ids) }
            }
        }
        let own = ids.map(Int.init)
        return addsSpecial ? prefix + own + suffix : own
    }

    /// The text of ids. Ids without a piece are left out; `skipsSpecial` leaves out control tokens too.
    package func decode(_ ids: [Int], skipsSpecial: Bool = false) -> String {
        var parts: [[UInt8]] = ids.compactMap { id in
            guard pieces.roles.indices.contains(id), !pieces.roles[id].isEmpty else { return nil }
            return skipsSpecial && pieces.roles[id].contains(.special) ? nil : Array(pieces[id])
        }
        for decoder in decoders {
            switch decoder {
            case .replace(let pattern, let content):
                parts = parts.map { replacing(pattern, by: content, in: $0[...]) }
            case .byteFallback: parts = joinBytePieces(parts)
            case .fuse: parts = [Array(parts.joined())]
            }
        }
        return String(decoding: parts.joined(), as: UTF8.self)
    }

    private func normalize(_ text: ArraySlice<UInt8>) -> [UInt8] {
        normalizations.reduce(Array(text)) { replacing($1.pattern, by: $1.content, in: $0[...]) }
    }

    /// Runs of `<0xNN>` pieces become their bytes; a run that is not UTF-8 becomes one U+FFFD per byte.
    private func joinBytePieces(_ parts: [[UInt8]]) -> [[UInt8]] {
        var joined: [[UInt8]] = [], run: [UInt8] = []
        func close() {
            guard !run.isEmpty else { return }
            let isText = String(validating: run, as: UTF8.self) != nil
            joined.append(isText ? run : Array(repeatElement([0xEF, 0xBF, 0xBD], count: run.count).joined()))
            run = []
        }
        for part in parts {
            if let byte = Self.byte(of: part[...]) {
                run.append(byte)
            } else {
                close()
                joined.append(part)
            }
        }
        close()
        return joined
    }

    /// The byte that a piece `<0xNN>` stands for.
    static func byte(of piece: ArraySlice<UInt8>) -> UInt8? {
        guard piece.count == 6, piece.starts(with: "<0x".utf8), piece.last == UInt8(ascii: ">") else { return nil }
        let digits = String(decoding: piece.dropFirst(3).dropLast(), as: UTF8.self)
        return digits.utf8.first == UInt8(ascii: "+") ? nil : UInt8(digits, radix: 16)
    }
}

/// Added tokens that are looked for in a text, by first byte and length.
struct AddedTokens: Sendable {
    let role: PieceTable.Role
    /// Per first byte the lengths that occur, longest first.
    private var lengths = [[Int]](repeating: [], count: 256)
    private(set) var isEmpty = true

    init(role: PieceTable.Role = .addedRaw) { self.role = role }

    mutating func insert(_ piece: ArraySlice<UInt8>) {
        guard let first = piece.first else { return }
        isEmpty = false
        guard !lengths[Int(first)].contains(piece.count) else { return }
        lengths[Int(first)].append(piece.count)
        lengths[Int(first)].sort(by: >)
    }

    /// Cuts a text at its added tokens: `part` gets either text between them (never empty) or a token.
    func split(
        _ text: ArraySlice<UInt8>, pieces: PieceTable, _ part: (ArraySlice<UInt8>, Int32?) -> Void
    ) {
        var start = text.startIndex, index = text.startIndex
        scan: while !isEmpty, index < text.endIndex {
            for length in lengths[Int(text[index])] where length <= text.endIndex - index {
                let candidate = text[index..<(index + length)]
                guard let id = pieces.id(of: candidate), pieces.roles[id].contains(role) else { continue }
                if start < index { part(text[start..<index], nil) }
                part(candidate, Int32(id))
                index += length
                start = index
                continue scan
            }
            index += 1
        }
        if start < text.endIndex { part(text[start...], nil) }
    }
}

/// `text` with every occurrence of `pattern` replaced, from the left, without overlap.
func replacing(_ pattern: [UInt8], by content: [UInt8], in text: ArraySlice<UInt8>) -> [UInt8] {
    guard let first = pattern.first else { return Array(text) }
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
        if text[index] == first, text[index...].starts(with: pattern) {
            result += content
            index += pattern.count
        } else {
            result.append(text[index])
            index += 1
        }
    }
    return result
}
