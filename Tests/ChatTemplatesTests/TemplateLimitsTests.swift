import ChatTemplates
import Testing

/// Templates made to hurt: each ends in an error, and soon.
@Suite struct TemplateLimitsTests {
    private static let many = 20_000

    @Test(arguments: [
        String(repeating: "(", count: 100_000) + "1" + String(repeating: ")", count: 100_000),
        String(repeating: "[", count: many) + String(repeating: "]", count: many),
        String(repeating: "not ", count: many) + "1",
        String(repeating: "-", count: many) + "1",
        "1" + String(repeating: "+1", count: many),
        "1" + String(repeating: "**1", count: many),
        "a" + String(repeating: ".a", count: many),
        "a" + String(repeating: "[0]", count: many),
        "a" + String(repeating: "|e", count: many),
        "a" + String(repeating: "()", count: many),
        "1" + String(repeating: " if 1 else 1", count: many / 2),
        "1" + String(repeating: " or 1", count: many),
        String(repeating: "{'a':", count: many) + String(repeating: "}", count: many),
    ])
    func deepExpressionsExceedTheNesting(expression: String) throws {
        let error = try #require(throws: TemplateError.self) { try ChatTemplate(parsing: "{{ \(expression) }}") }
        guard case .exceeded(let limit, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(limit.hasSuffix("levels of nesting"))
    }

    @Test(arguments: ["{% if 1 %}", "{% for x in [1] %}", "{% macro m() %}", "{% filter upper %}", "{% generation %}"])
    func deepBlocksExceedTheNesting(tag: String) throws {
        let error = try #require(throws: TemplateError.self) {
            try ChatTemplate(parsing: String(repeating: tag, count: 5000))
        }
        guard case .exceeded = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(arguments: [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{% call a() %}{% endcall %}{% endmacro %}{{ a() }}",
        "{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}",
        "{% set ns = namespace(x='a') %}{% for i in range(99999) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}",
        "{% set ns = namespace(x={}) %}{% for i in range(99999) %}{% set ns.x = {'a': ns.x} %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}{% set ns.x = ns.x|map('string') %}{% endfor %}{{ ns.x|list }}",
        "{% set ns = namespace() %}{% set ns.ns = ns %}{{ ns }}",
        "{{ 'a' * 10 ** 9 }}", "{{ [0] * 10 ** 15 }}", "{{ 'a' * 9223372036854775807 }}",
        "{{ ('a' * 10 ** 6) * 10 ** 4 }}",
        "{{ 9223372036854775807 + 1 }}", "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}",
        "{{ 99 ** 99 }}", "{{ (-9223372036854775807 - 1) // -1 }}", "{{ (-9223372036854775807 - 1)|abs }}",
        "{{ range(10 ** 12) }}", "{{ range(-9223372036854775807, 9223372036854775807) }}",
        "{{ range(0, 9223372036854775807, -9223372036854775807 - 1) }}", "{{ 'x'|center(10 ** 12) }}",
        "{{ 'x'.ljust(10 ** 12) }}", "{{ '%999999999d' % 1 }}", "{{ 'a'|indent(10 ** 12) }}", "{{ 1|round(400) }}",
        "{{ 'a,'.split(',', 'x') }}", "{{ [1]|batch(10 ** 12, 0)|list }}", "{{ {}|tojson(indent=10 ** 12) }}",
        "{{ 1e308|int }}", "{{ '9' * 400 ~ ''|int }}{{ ('9' * 400)|int }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
        "{% set x = 'ab' * 20000 %}{% for a in range(99999) %}{{ x.count('aab') }}{% endfor %}",
        "{% set x = range(99999)|list %}{% for a in range(99999) %}{{ -1 in x }}{% endfor %}",
        "{% set x = range(99999)|list %}{% for a in range(99999) %}{{ x == x|list }}{% endfor %}",
        "{{ ('a' * 999999).replace('', 'b' * 999999) }}", "{{ (('a' * 99999)|list)|join('b' * 99999) }}",
        "{% macro m(x) %}{{ caller(x) }}{% endmacro %}{% call(x) m(1) %}{{ m(x) }}{% endcall %}",
    ])
    func aTemplateThatAsksForTooMuchEndsInAnError(source: String) throws {
        #expect(throws: TemplateError.self) { try ChatTemplate(parsing: source).render([]) }
    }

    @Test func aLongTemplateIsRefusedBeforeItIsRead() throws {
        let source = String(repeating: "{{ 1 }}", count: 10 << 20 / 7)
        #expect(throws: TemplateError.exceeded(limit: "1048576 bytes of template", line: 1)) {
            try ChatTemplate(parsing: source)
        }
    }

    @Test func manyNamesInManyBranchesExceedTheSteps() throws {
        let source = (0..<10_000).map { "{% if a %}{{ b\($0) }}{% endif %}" }.joined()
        let error = try #require(throws: TemplateError.self) { try ChatTemplate(parsing: source) }
        guard case .exceeded = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test(arguments: [
        "{{", "{%", "{{ 'a", "{% raw %}{{", "{# x", "{{ \"\\", "{% if x", "{% set x", "{{ 1 +", "{{ {", "{{ a[",
        "{{ a(", "{% for",
        "{% macro m(", "{% call", "{% filter", "{{ \0 }}", "{{ a\0b }}", "{% \u{202E} %}",
    ])
    func anUnfinishedTemplateIsMalformed(source: String) throws {
        let error = try #require(throws: TemplateError.self) { try ChatTemplate(parsing: source) }
        guard case .malformed = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func textIsTakenAsItStands() throws {
        let text = "a\0b\u{FEFF}\u{202E}\u{1F1E8}\u{1F1ED}"
        #expect(try ChatTemplate(parsing: text).render([]) == text)
        #expect(try ChatTemplate(parsing: "a\r\nb\r\n{% if true %}\r\nc{% endif %}").render([]) == "a\nb\nc")
    }

    @Test func aSmallerLimitIsKept() throws {
        let template = try ChatTemplate(parsing: "{% for x in range(100) %}{{ x }},{% endfor %}")
        #expect(throws: TemplateError.exceeded(limit: "20 bytes of output", line: 1)) {
            try template.render([], limits: TemplateLimits(outputBytes: 20))
        }
        #expect(throws: TemplateError.exceeded(limit: "50 steps", line: 1)) {
            try template.render([], limits: TemplateLimits(steps: 50))
        }
        #expect(throws: TemplateError.exceeded(limit: "1000 bytes of memory", line: 1)) {
            try template.render([], limits: TemplateLimits(memoryBytes: 1000))
        }
        #expect(try template.render([]).hasSuffix("98,99,"))
    }

    @Test func valuesGivenTooDeepAreRefused() throws {
        var value = TemplateValue.list([])
        for _ in 0..<1000 { value = .list([value]) }
        let template = try ChatTemplate(parsing: "{{ x }}")
        #expect(throws: TemplateError.self) { try template.render([("x", value)]) }
    }

    @Test func theMomentIsTheOneGiven() throws {
        let template = try ChatTemplate(parsing: "{{ strftime_now('%Y-%m-%d %H:%M') }}")
        #expect(try template.render([], limits: TemplateLimits(moment: 951_782_400)) == "2000-02-29 00:00")
        #expect(try template.render([], limits: TemplateLimits(moment: -1)) == "1969-12-31 23:59")
    }
}
