import Foundation
import ModelFormats

extension Fault {
    /// The weights are sound, but text becomes other tokens.
    static let tokenizer: [Fault] = [
        Fault("tokenizer-missing", "no tokenizer") { copy in
            guard !copy.isGGUF else {
                return try copy.changeMetadata { head, _ in head["tokenizer.ggml.tokens"] = nil }
            }
            try copy.remove("tokenizer.json")
        },
        Fault("tokenizer-other-generation", "the tokenizer of another generation") { copy, materials in
            try copy.takeOver(["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"], materials)
        },
        Fault("ids-swapped", "the ids of two common pieces exchanged") { copy in
            guard !copy.isGGUF else {
                return try copy.changePieces { pieces, _ in
                    let first = pieces.count * 55 / 100
                    guard first + 1 < pieces.count else { throw Inapplicable(description: "too few pieces") }
                    pieces.swapAt(first, first + 1)
                }
            }
            try copy.edit("tokenizer.json") { value in
                let count = value[path: "model.vocab"]?.object?.members.count ?? 0
                let first = count * 55 / 100
                value.changeVocabulary { id in id == first ? first + 1 : id == first + 1 ? first : id }
            }
        },
        Fault("ids-shifted", "every id of an ordinary piece one further, the last one first") { copy in
            try copy.edit("tokenizer.json") { value in
                let count = value[path: "model.vocab"]?.object?.members.count ?? 0, first = count * 55 / 100
                value.changeVocabulary { id in id < first ? id : id + 1 < count ? id + 1 : first }
            }
        },
        Fault("merges-halved", "the second half of the merges lost") { copy in
            guard !copy.isGGUF else { throw Inapplicable(description: "this GGUF vocabulary has scores") }
            try copy.edit("tokenizer.json") { value in
                let merges = value[path: "model.merges"]?.elements ?? []
                value[path: "model.merges"] = .array(Array(merges.prefix(merges.count / 2)))
            }
        },
        Fault("merges-reversed", "the merges in reverse order") { copy in
            guard !copy.isGGUF else { throw Inapplicable(description: "this GGUF vocabulary has scores") }
            try copy.edit("tokenizer.json") { value in
                value[path: "model.merges"] = .array((value[path: "model.merges"]?.elements ?? []).reversed())
            }
        },
        Fault("scores-constant", "the same score for every piece") { copy in
            try copy.changeMetadata { head, _ in
                guard var scores = head["tokenizer.ggml.scores"] else {
                    throw Inapplicable(description: "there are no scores")
                }
                scores.value.replaceSubrange(12..., with: [UInt8](repeating: 0, count: max(0, scores.value.count - 12)))
                head["tokenizer.ggml.scores"] = scores
            }
        },
        Fault("normalizer-missing", "spaces are not replaced by ▁") { copy in
            try copy.edit("tokenizer.json") { $0[path: "normalizer"] = .null }
        },
        Fault("decoder-missing", "no decoder: ▁ stays in what is written") { copy in
            try copy.edit("tokenizer.json") { $0[path: "decoder"] = .null }
        },
        Fault("space-prefix", "a space is put before every text") { copy in
            try copy.changeMetadata { head, _ in
                guard head["tokenizer.ggml.add_space_prefix"]?.value != [1] else {
                    throw Inapplicable(description: "it is already")
                }
                head.set("tokenizer.ggml.add_space_prefix", true)
            }
        },
        Fault("bos-dropped", "the tokenizer puts no <bos> before a text") { copy in
            guard !copy.isGGUF else {
                return try copy.changeMetadata { head, _ in head.set("tokenizer.ggml.add_bos_token", false) }
            }
            try copy.edit("tokenizer.json") { $0[path: "post_processor"] = .null }
        },
        Fault("bos-doubled", "the tokenizer puts <bos> before a text, and a second one") { copy in
            try copy.edit("tokenizer.json") { value in
                guard let steps = value[path: "post_processor.single"]?.elements, let first = steps.first else {
                    throw Inapplicable(description: "there is no post_processor")
                }
                value[path: "post_processor.single"] = .array([first] + steps)
            }
        },
        Fault("turns-not-special", "the tokens that mark turns listed as ordinary text") { copy in
            guard !copy.isGGUF else {
                return try copy.changePieces { pieces, types in
                    for index in pieces.indices.prefix(types.count) where pieces[index].contains("turn") {
                        types[index] = 1
                    }
                }
            }
            try copy.edit("tokenizer.json") { value in
                value[path: "added_tokens"] = .array(
                    (value[path: "added_tokens"]?.elements ?? []).filter { token in
                        token[path: "content"]?.string?.contains("turn") != true
                    })
            }
        },
        Fault("turns-renamed", "the tokens that mark turns under other names") { copy in
            guard !copy.isGGUF else {
                return try copy.changePieces { pieces, _ in
                    pieces = pieces.map { $0.contains("turn") ? "<unused" + "\($0.utf8.count)>" : $0 }
                }
            }
            let text = String(decoding: try copy.read("tokenizer.json"), as: UTF8.self)
            let renamed = [
                "<start_of_turn>": "<extra_a>", "<end_of_turn>": "<extra_b>", "<|turn>": "<extra_a>",
                "<turn|>": "<extra_b>",
            ]
            .reduce(text) { $0.replacing($1.key, with: $1.value) }
            guard renamed != text else { throw Inapplicable(description: "there are no turn tokens") }
            try copy.write("tokenizer.json", Array(renamed.utf8))
        },
    ]

    /// Text becomes the right tokens, but a conversation does not become the right text.
    static let template: [Fault] = [
        Fault("template-missing", "no chat template") { copy in try copy.changeTemplate { _ in nil } },
        Fault("template-other-generation", "the chat template of another generation") { copy, materials in
            guard let other = materials.otherGeneration, let template = try CheckpointCopy(of: other).template() else {
                throw Inapplicable(description: "there is no template of another generation here")
            }
            try copy.changeTemplate { _ in template }
        },
        Fault("template-without-turns", "a chat template that writes ChatML's turns") { copy in
            try copy.changeTemplate { _ in
                "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
                    + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
            }
        },
        Fault("template-without-prompt", "a chat template that never opens the model's turn") { copy in
            try copy.changeTemplate { $0.replacing("add_generation_prompt", with: "false") }
        },
        Fault("template-bos-doubled", "a chat template that writes <bos> twice") { copy in
            try copy.changeTemplate { $0.replacing("{{ bos_token }}", with: "{{ bos_token }}{{ bos_token }}") }
        },
        Fault("template-broken", "a chat template cut off in the middle") { copy in
            try copy.changeTemplate { String($0.prefix($0.count * 2 / 3)) }
        },
        Fault("template-endless", "a chat template that loops for ever") { copy in
            try copy.changeTemplate {
                "{% for i in range(1000000000) %}{% for j in range(1000000000) %}x{% endfor %}{% endfor %}" + $0
            }
        },
    ]
}

extension CheckpointCopy {
    /// Files of another checkpoint in the place of its own.
    fileprivate func takeOver(_ names: [String], _ materials: Fault.Materials) throws {
        guard let other = materials.otherGeneration, !isGGUF else {
            throw Fault.Inapplicable(description: "there is no checkpoint of another generation here")
        }
        let source = try ModelFiles(path: other)
        for name in names where source[name] != nil {
            try write(name, source.open(name).contents(limit: Self.maximumSize))
        }
    }

    /// The chat template, wherever it stands.
    fileprivate func template() throws -> String? {
        if exists("chat_template.jinja") { return String(decoding: try read("chat_template.jinja"), as: UTF8.self) }
        if exists("tokenizer_config.json") {
            let config = try JSONValue(parsing: read("tokenizer_config.json"), file: "tokenizer_config.json")
            return config[path: "chat_template"]?.string
        }
        for file in weights {
            if case .gguf(let head) = file.head, let pair = head["tokenizer.chat_template"] {
                return String(decoding: pair.value.dropFirst(8), as: UTF8.self)
            }
        }
        return nil
    }

    fileprivate func changeTemplate(_ change: (String) -> String?) throws {
        guard let old = try template() else { throw Fault.Inapplicable(description: "there is no chat template") }
        let new = change(old)
        guard new != old else { throw Fault.Inapplicable(description: "the template has nothing to change") }
        if exists("chat_template.jinja") {
            if let new { try write("chat_template.jinja", Array(new.utf8)) } else { try remove("chat_template.jinja") }
        } else if isGGUF {
            try changeMetadata { head, _ in
                if let new { head.set("tokenizer.chat_template", new) } else { head["tokenizer.chat_template"] = nil }
            }
        } else {
            try edit("tokenizer_config.json") { $0[path: "chat_template"] = new.map(JSONValue.string) }
        }
    }

    /// Changes the pieces and the types of a GGUF vocabulary.
    fileprivate func changePieces(_ change: (inout [String], inout [UInt32]) throws -> Void) throws {
        try changeMetadata { head, _ in
            guard let pieces = head["tokenizer.ggml.tokens"], let types = head["tokenizer.ggml.token_type"] else {
                throw Fault.Inapplicable(description: "there is no vocabulary")
            }
            var texts: [String] = [], offset = 12
            while offset + 8 <= pieces.value.count {
                let count = Int(littleEndian: pieces.value[offset..<(offset + 8)])
                guard count <= pieces.value.count - offset - 8 else { break }
                texts.append(String(decoding: pieces.value[(offset + 8)..<(offset + 8 + count)], as: UTF8.self))
                offset += 8 + count
            }
            var numbers = stride(from: 12, to: types.value.count - 3, by: 4).map {
                UInt32(truncatingIfNeeded: Int(littleEndian: types.value[$0..<($0 + 4)]))
            }
            let before = (texts, numbers)
            try change(&texts, &numbers)
            guard texts != before.0 || numbers != before.1 else {
                throw Fault.Inapplicable(description: "the vocabulary has nothing to change")
            }
            head["tokenizer.ggml.tokens"]?.value = pieces.value.prefix(12) + texts.flatMap(GGUFHead.string)
            head["tokenizer.ggml.token_type"]?.value = types.value.prefix(12) + numbers.flatMap { littleEndian($0) }
        }
    }
}

extension Int {
    /// A number of up to eight bytes, of which the highest bit is taken as zero.
    fileprivate init(littleEndian bytes: ArraySlice<UInt8>) {
        self = bytes.reversed().reduce(0) { $0 << 8 | Int($1) } & .max
    }
}

extension JSONValue {
    /// Gives pieces of `model.vocab` other ids.
    fileprivate mutating func changeVocabulary(_ id: (Int) -> Int) {
        guard let vocabulary = self[path: "model.vocab"]?.object else { return }
        self[path: "model.vocab"] = .object(
            JSONObject(vocabulary.members.map { ($0.key, .integer(id($0.value.integer ?? 0))) }))
    }
}
