import ModelFormats
import RegistryCore

/// The tokens that begin a text and end a turn: a model without them rambles, though its weights are sound.
extension SmokeTest {
    /// - Parameter chat: the model's chat template, where it has one that could be looked at.
    mutating func checkSpecialTokens(
        _ tokenizer: Tokenizer, _ configuration: GemmaConfiguration, chat: ChatRendering?
    ) -> Bool {
        progress(.specialTokens, 0)
        let bound = "one <bos> before a text; eos_token_id holds the end of a turn; turn tokens are control tokens"
        let text = tokenizer.encode("a"), begins = text.prefix { $0 == tokenizer.beginOfSequence }.count
        let ends = configuration.endOfSequence
        let value = "\(begins) <bos> before a text, the text ends at \(ends.map(String.init).joined(separator: ", "))"
        var warnings: [String] = []
        func fail(_ reason: String) -> Bool {
            record(.specialTokens, .failed, value: value, bound: bound, reason: reason)
            return false
        }

        guard tokenizer.beginOfSequence != nil else { return fail("there is no <bos>, which every Gemma needs") }
        if begins > 1 { return fail("the tokenizer puts \(begins) <bos> before a text; every Gemma wants one") }
        if begins == 0 {
            // Gemma 4's tokenizers for conversations leave it to the template; the others never did.
            guard case .gemma4 = configuration, chat?.printsBeginning == true else {
                return fail("the tokenizer puts no <bos> before a text, without which a Gemma writes nonsense")
            }
        }
        let vocabulary = vocabulary()
        if let place = placeThatAddsNoBeginning(vocabulary) {
            // Converters before April 2026 wrote so for Gemma 4, and engines know it.
            guard case .gemma4 = configuration else {
                return fail("\(place) is false, so that engines put no <bos> before a text")
            }
            warnings.append("\(place) is false: an engine that heeds it puts no <bos> before a text")
        }
        let turns = TurnTokens(of: configuration)
        for token in [turns.start, turns.end] {
            guard let types = vocabulary?.types, let id = tokenizer.id(of: token), types.indices.contains(id) else {
                continue
            }
            // 3 is control, 4 user-defined.
            let type = types[id]
            if type == 3 || type == 4 { continue }
            return fail("\(token) has token_type \(type), so that it is cut to pieces in a chat: it has to be 3 or 4")
        }
        if let stray = ends.first(where: { tokenizer.piece($0) == nil }) {
            warnings.append("the tokenizer has no piece for eos_token_id \(stray)")
        }
        if modelClass == .instruct {
            let end = chat?.closing ?? turns.end, isEnd = tokenizer.id(of: end).map(ends.contains) ?? false
            // llama.cpp ends at Gemma's own turn tokens by their text, whatever the file says.
            if !isEnd, vocabulary == nil || end != turns.end {
                let reason = "\(end) ends a turn and is not among eos_token_id, so that an answer never ends"
                // Base models and quantised copies may carry a chat template, and the list of a base model.
                guard end == turns.end, !isSaidToAnswer else { return fail(reason) }
                warnings.append(reason)
            }
        } else if ends.isEmpty {
            warnings.append("no eos_token_id, so that a text never ends itself")
        }
        record(
            .specialTokens, warnings.isEmpty ? .passed : .warned, value: value, bound: bound,
            reason: warnings.isEmpty
                ? begins == 0
                    ? "the chat template prints the <bos> that the tokenizer does not add"
                    : "as in every \(configuration.modelType) model"
                : warnings.joined(separator: "; "))
        return true
    }

    /// Whether the policy or the repository's name says so, not only a template among the files.
    private var isSaidToAnswer: Bool {
        if job.modelClass == .instruct { return true }
        let words = job.repository.lowercased().split { !$0.isLetter && !$0.isNumber }
        return words.contains { ["it", "instruct", "chat"].contains($0) }
    }

    /// Where a false `add_bos_token` stands.
    private func placeThatAddsNoBeginning(_ vocabulary: GGUFVocabulary?) -> String? {
        if let vocabulary { return vocabulary.addsBeginOfSequence == false ? "tokenizer.ggml.add_bos_token" : nil }
        let stated = (try? files.json(ChatTemplateSource.tokenizerConfiguration))?.object?["add_bos_token"]
        return stated == .boolean(false) ? "add_bos_token of \(ChatTemplateSource.tokenizerConfiguration)" : nil
    }

    /// The vocabulary as a GGUF file has it; nil where the model is none.
    private mutating func vocabulary() -> GGUFVocabulary? {
        guard case .gguf(let checkpoint)? = try? source() else { return nil }
        return try? GGUFVocabulary(checkpoint.metadata, file: checkpoint.name)
    }
}
