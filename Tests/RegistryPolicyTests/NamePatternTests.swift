import RegistryPolicy
import Testing

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("google", "google", true), ("google", "Google", true), ("GOOGLE", "google", true),
        ("google", "google2", false), ("google", "goog", false), ("google", "", false), ("", "", true),
        ("", "x", false), ("*", "", true), ("*", "anything/at all", true), ("**", "x", true),
        ("google/*", "google/gemma", true), ("google/*", "google/", true), ("google/*", "google", false),
        ("google/*", "evil-google/gemma", false), ("google*", "google-but-not-google", true),
        ("*/gemma-3-*-it", "google/gemma-3-1b-it", true), ("*/gemma-3-*-it", "google/gemma-3-1b-pt", false),
        ("*-it", "x-it-it", true), ("a*b*c", "abc", true), ("a*b*c", "aXbYc", true), ("a*b*c", "acb", false),
        ("a*a", "a", false), ("a*a", "aa", true), ("*ab", "aab", true), ("*aab", "aaab", true),
        ("a?c", "abc", false), ("a.c", "abc", false), ("[a-z]", "b", false), ("apache-2.0", "apache-2x0", false),
        ("é*", "École", true), ("k*", "\u{212A}elvin", true),
    ])
    func aStarStandsForAnyRunOfCharacters(pattern: String, name: String, matches: Bool) {
        #expect(NamePattern(pattern).matches(name) == matches)
    }

    @Test func aPathologicalPatternIsFast() {
        let pattern = NamePattern(String(repeating: "a*", count: 1000) + "b")
        let name = String(repeating: "a", count: 20_000)
        let time = ContinuousClock().measure { #expect(!pattern.matches(name)) }
        #expect(time < .seconds(5))
    }
}
