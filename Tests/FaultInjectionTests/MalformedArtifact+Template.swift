import Foundation

extension MalformedArtifact {
    static let templates = [Group(fixture: "Models/gemma3-trained", artifacts: broken + hostile + wrong)]

    private static let file = "tokenizer_config.json"

    /// Another chat template in tokenizer_config.json.
    private static func t(_ name: String, _ finding: String, outcome: String = "failed", _ template: String)
        -> MalformedArtifact
    {
        MalformedArtifact("template: " + name, .instruct(.chatTemplate), outcome, finding) { folder in
            let json = String(decoding: try JSONEncoder().encode(template), as: UTF8.self)
            try folder.set("chat_template", json, in: file)
        }
    }

    private static func w(
        _ name: String, _ finding: String, outcome: String = "failed",
        _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact("template: " + name, .instruct(.chatTemplate), outcome, finding, damage)
    }

    private static let broken = [
        w("none", "?") { try $0.set("chat_template", nil, in: file) },
        w("a number", "?") { try $0.set("chat_template", "7", in: file) },
        w("an empty list", "?") { try $0.set("chat_template", "[]", in: file) },
        w("a file that is not UTF-8", "?") { try $0.write("chat_template.jinja", [0x7B, 0xFF, 0xFE]) },
        w("tokenizer_config.json that is no JSON", "?") { try $0.write(file, "chat_template: x") },
        t("empty", "?", ""),
        t("an end without a beginning", "?", "{% endfor %}"),
        t("a loop without an end", "?", "{% for m in messages %}{{ m['content'] }}"),
        t("an expression without an end", "?", "{{ bos_token"),
        t("a tag that is not known", "?", "{% frobnicate %}"),
        t("a filter that is not known", "?", outcome: "unsupported", "{{ bos_token | frobnicate }}"),
        t("a test that is not known", "?", outcome: "unsupported", "{% if bos_token is frobnicated %}{% endif %}"),
        t(
            "brackets 10,000 deep", "?",
            "{{ " + String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000) + " }}"),
        t("5 MB of text", "?", String(repeating: "abcdefgh", count: 640_000)),
    ]

    private static let hostile = [
        t(
            "loops in loops", "?",
            "{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"
        ),
        t("a range of 10^18", "?", "{% for i in range(1000000000000000000) %}{% endfor %}"),
        t("a macro that calls itself", "?", "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}"),
        t("a text times 10^12", "?", "{{ 'x' * 1000000000000 }}"),
        t(
            "a text that doubles", "?",
            "{% set ns = namespace(s='x') %}{% for i in range(80) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}"),
        t(
            "a list that doubles", "?",
            "{% set ns = namespace(s=[1]) %}{% for i in range(80) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
        t("a power of a power", "?", "{{ 9 ** 9 ** 9 ** 9 }}"),
        t("Python's insides", "?", "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
        t("a file of the host", "?", outcome: "unsupported", "{% include '/etc/passwd' %}"),
        t("an import", "?", outcome: "unsupported", "{% import 'os' as os %}{{ os.popen('id') }}"),
        t("a format that reaches in", "?", "{{ '{0.__class__}'.format(messages) }}"),
    ]

    private static let wrong = [
        t("raises for every conversation", "?", "{{ raise_exception('no') }}"),
        t("prints nothing", "?", "{% if false %}x{% endif %}"),
        t(
            "ChatML's turns", "?",
            "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        ),
        t(
            "never opens the answer", "?",
            "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else 'user' }}\n{{ m['content'] }}<end_of_turn>\n{% endfor %}"
        ),
        t(
            "never ends a turn", "?",
            "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else 'user' }}\n{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
        ),
        t(
            "forgets what was said", "?",
            "{{ bos_token }}<start_of_turn>user\nHello<end_of_turn>\n{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
        ),
        t(
            "two beginnings", "?",
            "{{ bos_token }}{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else 'user' }}\n{{ m['content'] }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
        ),
    ]
}
