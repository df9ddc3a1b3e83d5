import FixtureModels
import Foundation
import RegistryCore
import SmokeTesting
import Testing

@Suite struct ChatTemplateCheckTests {
    /// A template for the trained Gemma 3, what becomes of it, and words of the reason.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let template: String
        let outcome: SmokeTestReport.Outcome
        let words: String

        init(_ description: String, _ outcome: SmokeTestReport.Outcome, _ words: String, _ template: String) {
            testDescription = description
            self.outcome = outcome
            self.words = words
            self.template = template
        }
    }

    /// The files of gemma3-trained.
    private static let sample = Fixtures.models.deletingLastPathComponent()
        .appending(path: "Hub/sample/gemma-3-tiny-it").path
    private static let start = "{{ bos_token }}{% for m in messages %}"
    private static let turn =
        "<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content | trim }}<end_of_turn>\n"
    private static let end = "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"

    @Test(arguments: [
        Case("Gemma's own", .passed, "chat_template.jinja", start + turn + end),
        Case(
            "a system turn refused", .passed, "chat_template.jinja",
            start + "{% if m.role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + turn + end),
        Case(
            "a system turn left out", .warned, "a system turn is left out",
            start + "{% if m.role != 'system' %}" + turn + "{% endif %}" + end),
        Case("no Jinja", .failed, "malformed", start + turn),
        Case(
            "a construct that is not evaluated", .unsupported, "template not evaluated: ",
            "{% include 'other' %}" + start + turn + end),
        Case("an undefined function", .failed, "at line 1", "{{ nonsense() }}" + start + turn + end),
        Case(
            "another generation's turns", .failed, "prints <turn|>, which the tokenizer does not know",
            start + "<|turn>{{ m.role }}\n{{ m.content }}<turn|>\n{% endfor %}<|turn>model\n"),
        Case("no <bos>", .failed, "no <bos>", "{% for m in messages %}" + turn + end),
        Case("two <bos>", .failed, "<bos> 2 times", "<bos>" + start + turn + end),
        Case(
            "an open turn", .failed, "no control token ends the assistant's turn",
            start + "<start_of_turn>{{ m.role }}\n{{ m.content }}\n" + end),
        Case(
            "nobody asked to speak", .failed, "nobody is asked to speak", start + turn + "{% endfor %}"),
        Case(
            "the wrong side asked to speak", .warned, "does not end with <start_of_turn>model",
            start + turn + "{% endfor %}{% if add_generation_prompt %}<start_of_turn>user\n{% endif %}"),
        Case(
            "a turn left out", .failed, "\"One, two.\" is not in the rendered chat",
            start + "{% if m.role != 'assistant' %}" + turn + "{% endif %}" + end),
        Case(
            "turns in another order", .failed, "not in its place",
            "{{ bos_token }}{% for m in messages | reverse %}" + turn + end),
        Case(
            "turns that no Gemma knows", .warned, "turns end with <end_of_image>",
            start + "<start_of_image>{{ m.role }}\n{{ m.content }}<end_of_image>\n{% endfor %}"
                + "{% if add_generation_prompt %}<start_of_image>model\n{% endif %}"),
        Case(
            "a template that never ends", .failed, "exceeded",
            "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}"),
        Case(
            "a sermon before every turn", .failed, "becomes a prompt of",
            start + "{{ 'Be good. ' * 3000 }}" + turn + end),
    ])
    func aTemplateIsJudgedByWhatItRenders(of one: Case) throws {
        let report = try test(one.template)
        let check = try #require(report[.chatTemplate])
        #expect(check.outcome == one.outcome, "\(check)")
        #expect(check.reason.contains(one.words), "\(check)")
        // Unsupported is a word on the template alone: the weights are still looked at.
        if one.outcome != .warned { #expect((report[.meanNLL]?.outcome == .skipped) == (one.outcome == .failed)) }
    }

    @Test func aModelThatContinuesTextNeedsNoTemplateAndABrokenOneOnlyWarns() throws {
        let model = try EditableModel(copying: "gemma4-trained")
        #expect(SmokeTest.run(BehaviourJob.make(model.path, .base))[.chatTemplate]?.outcome == .notApplicable)
        #expect(SmokeTest.run(BehaviourJob.make(model.path, .instruct))[.chatTemplate]?.outcome == .failed)
        try "{% if %}".write(toFile: model.path + "/chat_template.jinja", atomically: true, encoding: .utf8)
        let report = SmokeTest.run(BehaviourJob.make(model.path, .base))
        #expect(report[.chatTemplate]?.outcome == .warned)
        #expect(report[.deterministic]?.outcome == .passed)
    }

    @Test func aListOfTemplatesIsReadByNameAndAContradictionWarns() throws {
        let model = try EditableModel(copying: "gemma4-trained")
        let template =
            Self.start
            + Self.turn.replacing("<start_of_turn>", with: "<|turn>")
            .replacing("<end_of_turn>", with: "<turn|>")
            + Self.end.replacing("<start_of_turn>", with: "<|turn>")
        let list = [["name": "tool_use", "template": "x"], ["name": "default", "template": template]]
        var stated = try #require(
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: model.path + "/tokenizer_config.json"))) as? [String: Any])
        stated["chat_template"] = list
        try JSONSerialization.data(withJSONObject: stated).write(
            to: URL(filePath: model.path + "/tokenizer_config.json"))
        let check = SmokeTest.run(BehaviourJob.make(model.path, .instruct))[.chatTemplate]
        #expect(check?.outcome == .passed, "\(String(describing: check))")
        #expect(check?.reason == "tokenizer_config.json")
        try (template + " ").write(toFile: model.path + "/chat_template.jinja", atomically: true, encoding: .utf8)
        let contradicted = SmokeTest.run(BehaviourJob.make(model.path, .instruct))[.chatTemplate]
        #expect(contradicted?.outcome == .warned)
        #expect(contradicted?.reason.contains("tokenizer_config.json holds another template") == true)
    }

    @Test func aTemplateThatIsNotItsBasesIsNamedByItsDigest() throws {
        var job = BehaviourJob.make(Fixtures.path("gemma3-trained"), .instruct)
        job.base = .init(name: "sample/base@1", folder: Self.sample)
        #expect(SmokeTest.run(job)[.chatTemplate]?.reason.hasSuffix("byte for byte that of sample/base@1") == true)
        let changed = try EditableModel(copying: "gemma3-trained")
        try (Self.start + Self.turn + Self.end).write(
            toFile: changed.path + "/chat_template.jinja", atomically: true, encoding: .utf8)
        job.model = changed.path
        let check = try #require(SmokeTest.run(job)[.chatTemplate])
        #expect(check.outcome == .warned)
        #expect(check.reason.contains("it is not the template of sample/base@1, whose sha256 is e8b289ad73e25b49"))
        #expect(check.value.contains("sha256 "))
    }

    private func test(_ template: String) throws -> SmokeTestReport {
        let model = try EditableModel(copying: "gemma3-trained")
        try model.replace("tokenizer_config.json", "\"chat_template\"", with: "\"former_template\"")
        try template.write(toFile: model.path + "/chat_template.jinja", atomically: true, encoding: .utf8)
        return SmokeTest.run(BehaviourJob.make(model.path, .instruct))
    }
}
