import RegistryCore
import Testing

@Suite struct RevisionTests {
    @Test(arguments: [
        ("main", "main"), ("v1.0", "v1.0"), ("refs/pr/12", "refs/pr/12"), ("refs/heads/main", "main"),
        ("refs/tags/v1", "v1"), ("feature/x-y_z", "feature/x-y_z"), ("a@b", "a@b"),
        ("dcc83ea841ab6100d6b47a070329e1ba4cf78752", "dcc83ea841ab6100d6b47a070329e1ba4cf78752"),
        (String(repeating: "r", count: 255), String(repeating: "r", count: 255)),
    ])
    func aValidRevisionKeepsItsSpelling(text: String, branchOrTag: String) throws {
        let revision = try Revision(text)
        #expect(revision.name == text)
        #expect(revision.branchOrTag == branchOrTag)
    }

    @Test(arguments: [
        "", "..", "a..b", "../main", "/main", "main/", "a//b", ".main", "main.", "-main", "--upload-pack=x",
        "main\r\nX: 1", "main\n", "main\u{0}", "a b", "a~1", "a^", "a:b", "a?b", "a*", "a[b", "a\\b", "%2e%2e",
        "a@{1}", "a\"b", "a'b", "a<b", "a>b", "a|b", "a#b", "a&b", "a;b", "$a", "`id`", "é", "e\u{301}",
        "\u{202E}main", String(repeating: "r", count: 256),
    ])
    func aHostileRevisionIsRefused(text: String) throws {
        let error = try #require(#expect(throws: InvalidName.self) { try Revision(text) })
        #expect(error.description.hasPrefix("revision '"))
        #expect(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }

    @Test func onlyFortyLowerCaseHexDigitsAreACommit() throws {
        let hex = "dcc83ea841ab6100d6b47a070329e1ba4cf78752"
        #expect(try Revision(hex).commit?.hex == hex)
        #expect(try Revision(hex.uppercased()).commit == nil)
        #expect(try Revision(String(hex.dropLast())).commit == nil)
        #expect(try Revision(hex + "0").commit == nil)
        #expect(try CommitID(hex).short == "dcc83ea")
    }

    @Test(arguments: [
        ("dcc83ea", true), ("dcc83e", false), ("dcc83eg", false), ("DCC83EA", false), ("main", false),
        ("dcc83ea841ab6100d6b47a070329e1ba4cf7875", true), ("dcc83ea841ab6100d6b47a070329e1ba4cf78752", false),
    ])
    func sevenToThirtyNineHexDigitsMayBeAShortCommit(text: String, isShort: Bool) throws {
        #expect(try Revision(text).isShortCommit == isShort)
    }
}
