import ChatTemplates
import Foundation
import GemmaInference
import ModelFormats

/// A model's chat template, parsed, with what it gets to see besides the messages.
struct ChatRendering {
    struct Message {
        let role: String
        let content: String

        static func user(_ content: String) -> Message { Message(role: "user", content: content) }
        static func assistant(_ content: String) -> Message { Message(role: "assistant", content: content) }
        static func system(_ content: String) -> Message { Message(role: "system", content: content) }
    }

    let source: ChatTemplateSource
    private let template: ChatTemplate
    private let constants: [(key: String, value: TemplateValue)]
    private let beginning: String
    /// What `strftime_now` shows, so that a verdict does not depend on the day: 2025-01-01.
    private static let moment = 1_735_689_600

    init(_ source: ChatTemplateSource, _ files: ModelFiles, _ tokenizer: Tokenizer) throws {
        self.source = source
        template = try ChatTemplate(parsing: source.text)
        // As transformers: every token that tokenizer_config.json names, and what an instance has by itself.
        var tokens: [(String, String)] = []
        let stated = (try? files.json(ChatTemplateSource.tokenizerConfiguration))?.object
        for (key, value) in stated?.members ?? [] where key.hasSuffix("_token") {
            if let text = value.string ?? value.object?["content"]?.string { tokens.append((key, text)) }
        }
        let usual = ["bos_token": tokenizer.beginOfSequence ?? 2, "eos_token": 1, "pad_token": 0, "unk_token": 3]
        for (key, id) in usual.sorted(by: { $0.key < $1.key }) where !tokens.contains(where: { $0.0 == key }) {
            if let piece = tokenizer.piece(id) { tokens.append((key, piece)) }
        }
        beginning = tokens.first { $0.0 == "bos_token" }?.1 ?? "<bos>"
        constants =
            [(key: "tools", value: .none), (key: "documents", value: .none)]
            + tokens.map { (key: $0.0, value: .string($0.1)) }
    }

    func render(_ messages: [Message], asksForAnswer: Bool = true) throws(TemplateError) -> String {
        var limits = TemplateLimits.standard
        limits.moment = Self.moment
        limits.outputBytes = 1 << 18
        let list = messages.map { message in
            TemplateValue.mapping([
                (key: "role", value: .string(message.role)), (key: "content", value: .string(message.content)),
            ])
        }
        return try template.render(
            [(key: "messages", value: .list(list)), (key: "add_generation_prompt", value: .boolean(asksForAnswer))]
                + constants, limits: limits)
    }

    /// The user's turn as the model gets it: the template's `<bos>` and no other.
    func tokens(asking question: String, _ tokenizer: Tokenizer) throws(TemplateError) -> [Int] {
        tokenizer.encodeWithBeginning(try render([.user(question)]))
    }

    /// Whether a rendered chat begins with `<bos>`.
    var printsBeginning: Bool {
        guard let text = try? render([.user("a")]) else { return false }
        return text.utf8.starts(with: beginning.utf8)
    }

    /// The control token that ends the assistant's turn, e.g. `<end_of_turn>`.
    var closing: String? {
        let answer = "One, two."
        guard let text = try? render([.user("Count."), .assistant(answer)], asksForAnswer: false),
            let said = text.range(of: answer)
        else { return nil }
        return ControlToken.all(in: text[said.upperBound...]).first
    }
}

/// What looks like a control token of some model in a text: `<|im_end|>`, `<turn|>`, `<start_of_turn>`, `</s>`.
enum ControlToken {
    private static let names = ["bos", "eos", "pad", "unk", "mask", "s", "/s"]

    static func all(in text: some StringProtocol) -> [String] {
        var found: [String] = [], rest = Substring(text)
        while let open = rest.firstIndex(of: "<") {
            rest = rest[open...].dropFirst()
            guard let close = rest.prefix(64).firstIndex(where: { $0 == ">" || $0 == "<" }), rest[close] == ">" else {
                continue
            }
            let name = rest[..<close]
            guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_|/".contains($0)) }) else {
                continue
            }
            if name.hasPrefix("|") || name.hasSuffix("|") || name.hasPrefix("start_of_") || name.hasPrefix("end_of_")
                || names.contains(String(name))
            {
                found.append("<\(name)>")
                rest = rest[close...].dropFirst()
            }
        }
        return found
    }
}
