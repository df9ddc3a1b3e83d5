extension Tokenizer {
    /// The ids below both tokenizers' counts whose pieces are not the same bytes, in order.
    package func differingPieces(from other: Tokenizer) -> [Int] {
        (0..<min(idCount, other.idCount)).filter { pieces[$0] != other.pieces[$0] }
    }

    /// Whether a piece is a control token such as `<bos>`, which a text cannot hold by accident.
    package func isControl(_ id: Int) -> Bool { pieces.holds(id) && pieces.roles[id].contains(.special) }

    /// The ids of control tokens.
    package var controls: [Int] { (0..<idCount).filter(isControl) }

    /// Says where two tokenizers that join pieces in the same way first disagree on the order of joining; nil where they
    /// agree, or where one has a list of merges and the other scores.
    package func joiningDifference(from other: Tokenizer) -> String? {
        switch (joining, other.joining) {
        case (.merges(let own), .merges(let others)):
            return own.firstDifference(from: others).map { "merge \($0) joins other pieces" }
        case (.scores(let own), .scores(let others)):
            return zip(own, others).enumerated().first { $1.0 != $1.1 }.map { "piece \($0.offset) has another score" }
        default: return nil
        }
    }

    /// Whether both join pieces by a list of merges, or both by scores.
    package func joinsLike(_ other: Tokenizer) -> Bool {
        switch (joining, other.joining) {
        case (.merges, .merges), (.scores, .scores): true
        default: false
        }
    }
}
