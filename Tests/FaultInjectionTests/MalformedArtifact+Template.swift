import Foundation
import SmokeTesting

extension MalformedArtifact {
    static let templates = [Group(fixture: "Models/gemma3-trained", artifacts: broken + hostile + wrong)]

    private static let file = "tokenizer_config.json"

    /// Another chat template in tokenizer_config.json.
    private static func t(
        _ name: String, _ finding: String, outcome: String = "failed", check: SmokeTestReport.CheckName = .chatTemplate,
        _ template: String
    )
        -> MalformedArtifact
    {
        MalformedArtifact("template: " + name, .instruct(check), outcome, finding) { folder in
            let json = String(decoding: try JSONEncoder().encode(template), as: UTF8.self)
            try folder.set("chat_template", json, in: file)
        }
    }

    private static func w(
        _ name: String, _ finding: String, outcome: String = "failed",
        check: SmokeTestReport.CheckName = .chatTemplate, _ damage: @escaping @Sendable (ArtifactFolder) throws -> Void
    ) -> MalformedArtifact {
        MalformedArtifact("template: " + name, .instruct(check), outcome, finding, damage)
    }

    private static let broken = [
        w(
            "none",
            "a model that answers needs one, and there is none in chat_template.jinja, tokenizer_config.json, "
                + "chat_template.json, processor_config.json or the GGUF's metadata"
        ) { try $0.replace(file, "\"chat_template\"", "\"chat_tempura\"") },
        w("a number", "tokenizer_config.json: key chat_template expected a text, or a list of named texts, got 7") {
            try $0.set("chat_template", "7", in: file)
        },
        w(
            "an empty list",
            "tokenizer_config.json: key chat_template expected a template named default in the list, got 0 others"
        ) { try $0.set("chat_template", "[]", in: file) },
        w(
            "a file that is not UTF-8", "chat_template.jinja: expected text by its extension, got first bytes ff fe 7b",
            check: .structure
        ) {
            try $0.write("chat_template.jinja", [0xFF, 0xFE, 0x7B])
        },
        w(
            "tokenizer_config.json that is no JSON",
            "tokenizer_config.json: expected JSON by its extension, got text by its first bytes", check: .structure
        ) { try $0.write(file, "chat_template: x") },
        t("empty", "\"Count the boats.\" is not in the rendered chat, or not in its place", ""),
        t("an end without a beginning", "template is malformed: unexpected tag 'endfor' at line 1", "{% endfor %}"),
        t(
            "a loop without an end",
            "template is malformed: unexpected end of template, expected 'endfor' or 'else' at line 1",
            "{% for m in messages %}{{ m['content'] }}"),
        t(
            "an expression without an end",
            "template is malformed: expected end of print statement, got end of template at line 1", "{{ bos_token"),
        t(
            "a tag that is not known", "template not evaluated: tag 'frobnicate' at line 1", outcome: "unsupported",
            "{% frobnicate %}"),
        t(
            "a filter that is not known", "template not evaluated: filter 'frobnicate' at line 1",
            outcome: "unsupported", "{{ bos_token | frobnicate }}"),
        t(
            "a test that is not known", "template not evaluated: test 'frobnicated' at line 1", outcome: "unsupported",
            "{% if bos_token is frobnicated %}{% endif %}"),
        t(
            "brackets 10,000 deep", "template exceeded its limit of 100 levels of nesting at line 1",
            "{{ " + String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000) + " }}"),
        t(
            "5 MB of text",
            "tokenizer_config.json: size in bytes over the limit, expected at most 4194304, got 5122385",
            String(repeating: "abcdefgh", count: 640_000)),
    ]

    private static let hostile = [
        t(
            "loops in loops", "template exceeded its limit of 2000000 steps at line 1",
            "{% for i in range(99999) %}{% for j in range(99999) %}{% for k in range(99999) %}{% endfor %}{% endfor "
                + "%}{% endfor %}"
        ),
        t(
            "a range of 10^18",
            "template failed: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000). at line 1",
            "{% for i in range(1000000000000000000) %}{% endfor %}"),
        t(
            "a macro that calls itself", "template exceeded its limit of 400 levels of nesting at line 1",
            "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}"),
        t(
            "a text times 10^12", "template exceeded its limit of 134217728 bytes of memory at line 1",
            "{{ 'x' * 1000000000000 }}"),
        t(
            "a text that doubles", "template exceeded its limit of 134217728 bytes of memory at line 1",
            "{% set ns = namespace(s='x') %}{% for i in range(80) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}"),
        t(
            "a list that doubles", "template exceeded its limit of 134217728 bytes of memory at line 1",
            "{% set ns = namespace(s=[1]) %}{% for i in range(80) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
        t(
            "a power of a power", "template exceeded its limit of 64 bits of a whole number at line 1",
            "{{ 9 ** 9 ** 9 ** 9 }}"),
        t(
            "Python's insides", "template failed: access to '__class__' is unsafe at line 1",
            "{{ ''.__class__.__mro__[1].__subclasses__() }}"),
        t(
            "a file of the host", "template not evaluated: tag 'include' at line 1", outcome: "unsupported",
            "{% include '/etc/passwd' %}"),
        t(
            "an import", "template not evaluated: tag 'import' at line 1", outcome: "unsupported",
            "{% import 'os' as os %}{{ os.popen('id') }}"),
        t(
            "a format that reaches in", "template not evaluated: format field '{0.__class__}' at line 1",
            outcome: "unsupported", "{{ '{0.__class__}'.format(messages) }}"),
    ]

    private static let wrong = [
        t("raises for every conversation", "template raised: no at line 1", "{{ raise_exception('no') }}"),
        t(
            "prints nothing", "\"Count the boats.\" is not in the rendered chat, or not in its place",
            "{% if false %}x{% endif %}"),
        t(
            "ChatML's turns", "<|im_end|> ends a turn and is not among eos_token_id, so that an answer never ends",
            check: .specialTokens,
            "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if "
                + "add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        ),
        t(
            "never opens the answer", "add_generation_prompt adds nothing at the end, so that nobody is asked to speak",
            "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else "
                + "'user' }}\n{{ m['content'] }}<end_of_turn>\n{% endfor %}"
        ),
        t(
            "never ends a turn", "no control token ends the assistant's turn",
            "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == 'assistant' else "
                + "'user' }}\n{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt "
                + "%}<start_of_turn>model\n{% endif %}"
        ),
        t(
            "forgets what was said", "\"Count the boats.\" is not in the rendered chat, or not in its place",
            "{{ bos_token }}<start_of_turn>user\nHello<end_of_turn>\n{% if add_generation_prompt "
                + "%}<start_of_turn>model\n{% endif %}"
        ),
        t(
            "two beginnings", "a rendered chat holds <bos> 2 times, and not once at its start",
            "{{ bos_token }}{{ bos_token }}{% for m in messages %}<start_of_turn>{{ 'model' if m['role'] == "
                + "'assistant' else 'user' }}\n{{ m['content'] }}<end_of_turn>\n{% endfor %}{% if "
                + "add_generation_prompt %}<start_of_turn>model\n{% endif %}"
        ),
    ]
}
