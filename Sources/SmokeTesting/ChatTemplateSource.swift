import ModelFormats
import RegistryCore

/// The text of a model's chat template, and where it stands.
struct ChatTemplateSource {
    static let tokenizerConfiguration = "tokenizer_config.json"
    /// Gemma 4's has 16 KiB.
    private static let maximumSize = 1 << 20

    let text: String
    /// The file, or the key of a GGUF's metadata.
    let place: String
    /// Places that hold another text: which one counts depends on who reads.
    let contradictions: [String]

    var digest: SHA256Digest { ContentDigests.sha256(of: Array(text.utf8)) }

    /// Looks where transformers and llama.cpp look, in transformers' order; nil where there is none.
    static func find(in files: ModelFiles, _ source: ModelSource) throws -> ChatTemplateSource? {
        var found: [(text: String, place: String)] = []
        if case .gguf(let checkpoint) = source {
            let key = "tokenizer.chat_template"
            if let text = checkpoint.metadata.string(key) { found.append((text, key)) }
        } else {
            if files["chat_template.jinja"] != nil {
                let bytes = try files.open("chat_template.jinja").contents(limit: maximumSize)
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw ModelFormatError.unreadable(file: "chat_template.jinja", reason: "it is not UTF-8")
                }
                found.append((text, "chat_template.jinja"))
            }
            for file in [tokenizerConfiguration, "chat_template.json", "processor_config.json"] {
                guard let value = try files.json(file)?.object?["chat_template"], !value.isNull else { continue }
                found.append((try text(of: value, file: file), file))
            }
        }
        guard let (text, place) = found.first else { return nil }
        let others = found.dropFirst().filter { !$0.text.utf8.elementsEqual(text.utf8) }
        return ChatTemplateSource(text: text, place: place, contradictions: others.map(\.place))
    }

    /// A text, or a list of named texts of which `default` is taken.
    private static func text(of value: JSONValue, file: String) throws -> String {
        if let text = value.string { return text }
        guard case .array(let entries) = value else {
            throw ModelFormatError.configuration(
                file: file, key: "chat_template", expected: "a text, or a list of named texts", got: value.summary)
        }
        for entry in entries where entry.object?["name"] == .string("default") {
            if let text = entry.object?["template"]?.string { return text }
        }
        throw ModelFormatError.configuration(
            file: file, key: "chat_template", expected: "a template named default in the list",
            got: "\(entries.count) others")
    }
}
