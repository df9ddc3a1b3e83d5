import ModelFormats
import Testing

/// Patterns over module paths against Python's `re.fullmatch`.
@Suite struct ModulePatternTests {
    private static let path = "model.layers.11.self_attn.q_proj"

    @Test(arguments: [
        (".*", true), ("", false), ("model", false), (#".*\.q_proj"#, true), (#".*\.[qk]_proj"#, true),
        (#".*\.[^q]_proj"#, false), (#"model\.layers\.\d+\.self_attn\.\w+"#, true), (#".*layers\.1\..*"#, false),
        (#".*layers\.1{2}\..*"#, true), (#".*layers\.1{3,}\..*"#, false), (#".*layers\.1{,2}\..*"#, true),
        (#"(?:.*\.)?(?:q|k)_proj$"#, true), (#"^model\.(?P<rest>.*)"#, true), (#"(?!.*mlp).*q_proj"#, true),
        (#"(?!.*attn).*q_proj"#, false), (#"(?=.*attn).*q_proj"#, true), (#".*\bq_proj"#, true),
        (#".*\Bproj"#, true), (#".*\Bself_attn.*"#, false), (#"[a-z0-9_.]+"#, true), (#"[a-z_.]+"#, false),
        (#"(a|b|model).*?(mlp|self_attn).*?(k_proj|q_proj).*?"#, true), (#"m(o(d(e)?)?)?l.*"#, true),
        (#"\A.*\Z"#, true), (#"[]a]*"#, false), (#".*{x}"#, false), (#"(x+x+)+y|model.*"#, true),
    ])
    func matchesAsPythonDoes(_ pattern: String, _ matches: Bool) throws {
        #expect(try ModulePattern(pattern, file: "f", key: "k").matches(Self.path) == matches)
    }

    /// Ranks of whole lists of modules are looked up without matching, to the same effect.
    @Test(arguments: [
        ("q_proj", 2), ("self_attn.q_proj", 2), ("model.layers.11.self_attn.q_proj", 2),
        ("l.yers.11.self_attn.q_proj", 2),
        ("_proj", 8), ("attn.q_proj", 8), ("x.model.layers.11.self_attn.q_proj", 8), ("model", 8), (".q_proj", 8),
    ])
    func aPlainEndIsTheEndOfAPath(_ end: String, _ rank: Int) throws {
        for spelling in [end, "(?:\(end))"] {
            let json = #"{"peft_type":"LORA","target_modules":["q_proj"],"rank_pattern":{"\#(spelling)":2}}"#
            let configuration = try AdapterConfiguration(try JSONValue(parsing: Array(json.utf8), file: "f"))
            #expect(configuration.rank(of: Self.path) == rank)
        }
    }

    /// Backtracking would need 2^60 steps.
    @Test func noPatternBlowsUp() throws {
        let text = String(repeating: "a", count: 60)
        #expect(try !ModulePattern("(a|a)*(a*)*(a|aa)+b", file: "f", key: "k").matches(text))
        #expect(try ModulePattern("((a{0,5}){0,50}){0,50}", file: "f", key: "k").matches(text))
    }

    @Test(arguments: [
        ("(a", "a parenthesis that is not closed"), ("a)", "a closing parenthesis that none opens"),
        ("[a", "a set that is not closed"), ("*a", "a quantifier with nothing before it"),
        ("a**", "two quantifiers in a row"), ("a\\", "a backslash at its end"), ("a{3,2}", "counts out of order"),
        (#"(a)\1"#, #"the escape \1"#), ("(?i)a", "a group of another kind"), ("(?<!a)b", "a group of another kind"),
        ("a++", "a possessive quantifier"), ("(?P<a", "a group name that does not end"),
        (String(repeating: "(", count: 100), "nested more than 64 deep"),
        (String(repeating: "a", count: 5000), "length of a pattern of k over the limit"),
    ])
    func refusesWhatItDoesNotMatch(_ pattern: String, _ message: String) {
        let text = errorText { _ = try ModulePattern(pattern, file: "f", key: "k") }
        #expect(text?.contains(message) == true, "\(text ?? "nothing")")
    }
}
