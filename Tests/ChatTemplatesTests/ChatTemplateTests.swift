import ChatTemplates
import ModelFormats
import Testing

@Suite struct ChatTemplateTests {
    @Test func everySnippetRendersAsTransformersRendersIt() throws {
        let file = try Goldens.json("ChatTemplates/snippets.json")
        let variables = Goldens.variables(try #require(file["variables"]?.object))
        let cases = try Goldens.cases(file)
        #expect(cases.count > 500)
        for golden in cases {
            let template = try #require(golden["template"]?.string)
            try Goldens.check(golden, template, variables, try Goldens.limits(file), "\(template.debugDescription)")
        }
    }

    @Test(arguments: ["gemma1", "gemma3", "gemma4", "chatml", "headers", "generation"])
    func everyConversationRendersAsTransformersRendersIt(name: String) throws {
        let file = try Goldens.json("ChatTemplates/conversations.json")
        let template = try Goldens.text("ChatTemplates/templates/\(name).jinja")
        let cases = try Goldens.cases(file).filter { $0["template"]?.string == "\(name).jinja" }
        #expect(cases.count > 20)
        for golden in cases {
            let variables = Goldens.variables(try #require(golden["variables"]?.object))
            let shown = golden["conversation"]?.string ?? "?"
            try Goldens.check(golden, template, variables, try Goldens.limits(file), "\(name): \(shown)")
        }
    }

    @Test func whatIsNotEvaluatedIsNamedWithItsLine() throws {
        let file = try Goldens.json("ChatTemplates/snippets.json")
        let variables = Goldens.variables(try #require(file["variables"]?.object))
        for golden in try Goldens.cases(file, "notEvaluated") {
            let template = try #require(golden["template"]?.string)
            let construct = try #require(golden["construct"]?.string)
            guard case .integer(let line)? = golden["line"] else {
                Issue.record("no line for \(template)")
                continue
            }
            let error = try #require(throws: TemplateError.self, "\(template)") {
                try ChatTemplate(parsing: template).render(variables)
            }
            #expect(error.description == "template not evaluated: \(construct) at line \(line)")
        }
    }

    @Test(arguments: [
        "gemma", "gemma-f32", "gemma2", "gemma2-qscalar", "gemma3", "gemma3-mm", "gemma3-sharded", "gemma3-trained",
        "gemma3n", "gemma3n-mm", "gemma4-dense", "gemma4-mm", "gemma4-moe", "gemma4-ple", "gemma4-unified",
    ])
    func aCheckpointsOwnTemplateRendersItsChat(name: String) throws {
        let golden = try #require(try Goldens.json("Models/\(name)/golden.json")["chat"]?.object)
        let template: String
        if let file = try? Goldens.text("Models/\(name)/chat_template.jinja") {
            template = file
        } else {
            template = try #require(try Goldens.json("Models/\(name)/tokenizer_config.json")["chat_template"]?.string)
        }
        let messages = Goldens.value(try #require(golden["messages"]))
        let text = try ChatTemplate(parsing: template).render([
            ("messages", messages), ("add_generation_prompt", .boolean(true)), ("bos_token", .string("<bos>")),
        ])
        #expect(text == golden["rendered"]?.string)
    }

    @Test func theTemplatesOwnExceptionKeepsItsMessageAndLine() throws {
        let template = try ChatTemplate(parsing: "a\n{% if true %}\n{{ raise_exception('no ' ~ 'tools') }}{% endif %}")
        #expect(throws: TemplateError.raised(message: "no tools", line: 3)) { try template.render([]) }
    }

    @Test func aLaterVariableReplacesAnEarlierOne() throws {
        let text = try ChatTemplate(parsing: "{{ a }}").render([("a", .integer(1)), ("a", .integer(2))])
        #expect(text == "2")
    }

    @Test func anUndefinedVariableIsNotDefined() throws {
        let text = try ChatTemplate(parsing: "{{ a is defined }}{{ a }}{{ b is none }}").render([
            ("a", .undefined), ("b", .none),
        ])
        #expect(text == "FalseTrue")
    }

    @Test func composedAndDecomposedNamesStayApart() throws {
        let template = try ChatTemplate(parsing: "{{ d['\u{E9}'] }}{{ d['e\u{301}'] }}{{ d|length }}")
        let members: [(key: String, value: TemplateValue)] = [("\u{E9}", .integer(1)), ("e\u{301}", .integer(2))]
        #expect(try template.render([("d", .mapping(members))]) == "122")
    }

    @Test func theFaultOfOneRenderingLeavesTheNextUntouched() throws {
        let template = try ChatTemplate(parsing: "{% set ns = namespace(n=n) %}{% set ns.n = ns.n + 1 %}{{ ns.n }}")
        #expect(throws: TemplateError.self) { try template.render([("n", .string("x"))]) }
        #expect(try template.render([("n", .integer(1))]) == "2")
        #expect(try template.render([("n", .integer(1))]) == "2")
    }
}
