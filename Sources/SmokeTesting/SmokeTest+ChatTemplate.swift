import ChatTemplates
import Foundation
import ModelFormats
import RegistryCore

/// Whether a model's chat template renders conversations that the model can follow. Nothing here runs the model.
extension SmokeTest {
    private static let bound =
        "a template that renders one turn, several and a system turn, closes the assistant's turn, ends where the model "
        + "is to speak and prints no control token that the tokenizer does not know"

    /// Tokens of a rendered question, at most: a template may bring instructions along, but every answer pays for them.
    private static let longestQuestion = 4096

    /// What stands where a chat template may stand.
    enum FoundTemplate {
        case nothing
        case rendering(ChatRendering)
        /// Not UTF-8, not JSON, not Jinja, or Jinja that is not evaluated here.
        case broken(any Error)

        var rendering: ChatRendering? { if case .rendering(let chat) = self { chat } else { nil } }
    }

    mutating func findTemplate(_ tokenizer: Tokenizer) -> FoundTemplate {
        do {
            guard let found = try ChatTemplateSource.find(in: files, try source()) else { return .nothing }
            return .rendering(try ChatRendering(found, files, tokenizer))
        } catch {
            return .broken(error)
        }
    }

    /// False stops the test. A model that was not trained to chat may have a broken template: it only warns.
    mutating func checkChatTemplate(_ found: FoundTemplate, _ tokenizer: Tokenizer) -> Bool {
        progress(.chatTemplate, 0)
        let isNeeded = modelClass == .instruct
        switch found {
        case .nothing where !isNeeded && baseTemplate() != nil:
            record(
                .chatTemplate, .failed, bound: Self.bound,
                reason:
                    "it has none, and \(printable(job.base?.name ?? "its base model")) has one: who asks it would have "
                    + "to guess how")
            return false
        case .nothing:
            record(
                .chatTemplate, isNeeded ? .failed : .notApplicable, bound: Self.bound,
                reason: isNeeded
                    ? "a model that answers needs one, and there is none in chat_template.jinja, tokenizer_config.json, "
                        + "chat_template.json, processor_config.json or the GGUF's metadata"
                    : "this model has none, and continues plain text")
            return !isNeeded
        case .broken(let error):
            return record(error, "", isNeeded: isNeeded)
        case .rendering(let chat):
            let digest = "sha256 \(chat.source.digest.hex)"
            do {
                var warnings = try problems(of: chat, tokenizer)
                if !chat.source.contradictions.isEmpty {
                    warnings.append("\(chat.source.contradictions.joined(separator: " and ")) holds another template")
                }
                let (difference, remark) = compareWithBase(chat.source)
                if let difference { warnings.append(difference) }
                record(
                    .chatTemplate, warnings.isEmpty ? .passed : .warned,
                    value: "\(chat.source.text.utf8.count) bytes, \(digest)", bound: Self.bound,
                    reason: warnings.isEmpty ? chat.source.place + remark : warnings.joined(separator: "; "))
                return true
            } catch {
                return record(error, "\(chat.source.place), \(digest)", isNeeded: isNeeded)
            }
        }
    }

    private mutating func record(_ error: any Error, _ value: String, isNeeded: Bool) -> Bool {
        var outcome = SmokeTestReport.Outcome.failed
        if case .notEvaluated? = error as? TemplateError { outcome = .unsupported }
        record(
            .chatTemplate, isNeeded ? outcome : .warned, value: value, bound: Self.bound,
            reason: printable("\(error)", limit: 400))
        // What is not evaluated may be right: the rest of the test still says something.
        return !isNeeded || outcome == .unsupported
    }

    /// A template does the wrong thing.
    private struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// - Returns: what only warns.
    /// - Throws: `TemplateError` and `Fault`.
    private func problems(of chat: ChatRendering, _ tokenizer: Tokenizer) throws -> [String] {
        let first = "Count the boats.", answer = "One, two.", second = "And then?", rule = "Be brief."
        let one = try chat.render([.user(first)])
        let several = try chat.render([.user(first), .assistant(answer), .user(second)])
        let closed = try chat.render([.user(first), .assistant(answer)], asksForAnswer: false)
        var renderings = [one, several, closed], warnings: [String] = []
        if let withRule = try systemTurn(rule, first, chat) {
            renderings.append(withRule)
            if !withRule.contains(rule) { warnings.append("a system turn is left out") }
        }
        for (text, parts) in [(one, [first]), (several, [first, answer, second]), (closed, [first, answer])] {
            var rest = text[...]
            for part in parts {
                guard let found = rest.range(of: part) else {
                    throw Fault(description: "\"\(part)\" is not in the rendered chat, or not in its place")
                }
                rest = rest[found.upperBound...]
            }
        }
        for token in Set(renderings.flatMap { ControlToken.all(in: $0) }).sorted()
        where tokenizer.encode(token, addsSpecial: false).count != 1 {
            throw Fault(description: "it prints \(token), which the tokenizer does not know as a token")
        }
        try checkBeginning(of: one, chat, tokenizer)
        guard let closing = chat.closing else {
            throw Fault(description: "no control token ends the assistant's turn")
        }
        let unasked = try chat.render([.user(first)], asksForAnswer: false)
        guard one.utf8.count > unasked.utf8.count else {
            throw Fault(description: "add_generation_prompt adds nothing at the end, so that nobody is asked to speak")
        }
        warnings += checkTurns(one, closing, tokenizer)
        return warnings
    }

    /// Nil where the template refuses a system turn: Gemma 1 and 2 know none, and their templates say so.
    private func systemTurn(_ rule: String, _ question: String, _ chat: ChatRendering) throws -> String? {
        do {
            return try chat.render([.system(rule), .user(question)])
        } catch {
            if case .raised = error { return nil }
            throw error
        }
    }

    private func checkBeginning(of rendered: String, _ chat: ChatRendering, _ tokenizer: Tokenizer) throws {
        let tokens = tokenizer.encode(rendered, addsSpecial: false)
        guard tokens.count <= Self.longestQuestion else {
            throw Fault(description: "a question of 16 letters becomes a prompt of \(tokens.count) tokens")
        }
        let begins = tokens.count { $0 == tokenizer.beginOfSequence }
        if begins > 1 || begins == 1 && tokens.first != tokenizer.beginOfSequence {
            throw Fault(description: "a rendered chat holds <bos> \(begins) times, and not once at its start")
        }
        // llama.cpp adds one by itself.
        if begins == 0, chat.source.place != "tokenizer.chat_template" {
            throw Fault(description: "a rendered chat has no <bos>, without which a Gemma writes nonsense")
        }
    }

    /// Gemma's own turns: an answer is asked for in the last of them. Another format is legal, and unusual.
    private func checkTurns(_ one: String, _ closing: String, _ tokenizer: Tokenizer) -> [String] {
        guard let turns = TurnTokens.all.first(where: { $0.end == closing }) else {
            return ["turns end with \(closing), which no generation of Gemma was trained with"]
        }
        guard let last = one.range(of: turns.start, options: .backwards), one[last.upperBound...].hasPrefix("model")
        else {
            return ["the rendered chat does not end with \(turns.start)model"]
        }
        return []
    }

    private func baseTemplate() -> ChatTemplateSource? {
        guard let base = job.base, let files = (try? ModelFiles(path: base.folder))?.models.first?.files,
            let source = try? ModelSource(of: files)
        else { return nil }
        return try? ChatTemplateSource.find(in: files, source)
    }

    /// What a poisoned template shows as (18 models were found so): it is not its base's. Also what is said where it is.
    private func compareWithBase(_ source: ChatTemplateSource) -> (warning: String?, remark: String) {
        guard let name = job.base.map({ printable($0.name) }) else { return (nil, "") }
        guard let theirs = baseTemplate() else { return (nil, "; \(name) has none") }
        if theirs.text.utf8.elementsEqual(source.text.utf8) { return (nil, ", byte for byte that of \(name)") }
        return ("it is not the template of \(name), whose sha256 is \(theirs.digest.hex): read what was changed", "")
    }
}
