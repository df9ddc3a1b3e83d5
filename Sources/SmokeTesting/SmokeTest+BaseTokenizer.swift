import ModelFormats
import RegistryCore

extension SmokeTest {
    /// Whether this model's tokenizer gives texts the ids that the base model's gives them.
    mutating func checkTokenizerAgainstBase(_ tokenizer: Tokenizer) -> Bool {
        let name = SmokeTestReport.CheckName.tokenizerAgainstBase
        let bound = "the base model's pieces at the base model's ids, joined in its order; tokens added at the end"
        guard let base = baseModel(for: name, bound: bound) else { return true }
        let theirs: Tokenizer
        do {
            guard let read = try base.source.tokenizer() else {
                record(name, .notApplicable, bound: bound, reason: "\(printable(base.name)) has no tokenizer here")
                return true
            }
            theirs = read
        } catch {
            record(
                name, .warned, bound: bound,
                reason: "the tokenizer of the base model \(printable(base.name)) cannot be read: \(error)")
            return true
        }
        let comparison = TokenizerComparison(tokenizer, base: theirs, relation: BaseRelation(job))
        let value = "\(comparison.sharedPieces) of \(theirs.pieceCount) pieces at the same id"
        record(
            name, comparison.outcome, value: value, bound: bound,
            reason: "compared with \(printable(base.name)): \(comparison.reason)")
        return comparison.outcome != .failed
    }
}

/// What the comparison of two tokenizers came to.
struct TokenizerComparison {
    let sharedPieces: Int
    let outcome: SmokeTestReport.Outcome
    let reason: String

    init(_ own: Tokenizer, base: Tokenizer, relation: BaseRelation) {
        let differing = own.differingPieces(from: base)
        sharedPieces = (0..<min(own.idCount, base.idCount)).count { base.piece($0) != nil } - differing.count
        let strict: SmokeTestReport.Outcome = relation == .merged ? .warned : .failed
        func text(_ id: Int) -> String {
            func shown(_ piece: String?) -> String { piece.map { "\"\(printable($0, limit: 60))\"" } ?? "nothing" }
            return "id \(id) is \(shown(own.piece(id))), the base model has \(shown(base.piece(id)))"
        }
        // Fine-tunes give tokens that the base model never used, and its control tokens, new names.
        let isRenamed: (Int) -> Bool = { id in
            relation != .quantised && (base.isControl(id) || base.piece(id)?.hasPrefix("<unused") != false)
        }
        let wrong = differing.filter { !isRenamed($0) }
        let spelled = base.controls.filter { id in
            // Turns and their like. Others, `[multimodal]`, no template prints, and converters type them as they like.
            guard let piece = base.piece(id), piece.hasPrefix("<"), piece.hasSuffix(">"),
                !piece.hasPrefix("<unused"), own.piece(id) == piece
            else { return false }
            return own.encode(piece, addsSpecial: false) != [id]
        }
        let texts = SmokeTest.roundTripTexts.filter {
            differing.isEmpty && own.encode($0, addsSpecial: false) != base.encode($0, addsSpecial: false)
        }
        if let id = wrong.first {
            (outcome, reason) = (strict, text(id) + andMore(wrong.count))
        } else if own.beginOfSequence != base.beginOfSequence {
            let (one, two) = (own.beginOfSequence.map { "\($0)" }, base.beginOfSequence.map { "\($0)" })
            outcome = strict
            reason = "texts begin with token \(one ?? "none"), the base model's with \(two ?? "none")"
        } else if let begin = base.beginOfSequence, base.encode("a").first == begin, own.encode("a").first != begin {
            outcome = strict
            reason = "no token \(begin) is put before a text, as the base model's tokenizer does"
        } else if let id = spelled.first {
            let piece = base.piece(id) ?? "", tokens = own.encode(piece, addsSpecial: false).count
            outcome = strict
            reason =
                "the control token \"\(printable(piece))\" is read as \(tokens) ordinary tokens, not as \(id)"
                + andMore(spelled.count)
        } else if let difference = own.joiningDifference(from: base) {
            (outcome, reason) = (strict, difference)
        } else if let first = texts.first {
            (outcome, reason) = (strict, "\"\(printable(first))\" is cut into other tokens\(andMore(texts.count))")
        } else if let id = differing.first {
            (outcome, reason) = (.passed, "\(text(id))\(andMore(differing.count)), which a fine-tune may rename")
        } else {
            let added = own.idCount - base.idCount
            let joining = own.joinsLike(base) ? "joined in the same order" : "the test's texts cut alike"
            outcome = .passed
            reason =
                added == 0
                ? "the same, \(joining)"
                : "\(abs(added)) \(added > 0 ? "more" : "fewer") at the end, the rest the same, \(joining)"
        }
    }
}
