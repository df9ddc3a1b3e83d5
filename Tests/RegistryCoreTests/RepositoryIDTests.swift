import Foundation
import RegistryCore
import Testing

@Suite struct RepositoryIDTests {
    @Test(arguments: [
        "google/gemma-3-1b-it", "a/b", "A9_/_x.y", "sample/gemma-3-tiny-it", "org.name/model_v1.0", "api2/x",
        "x/gitlike", "x/git", "0/0",
        String(repeating: "n", count: 47) + "/" + String(repeating: "m", count: 48),
    ])
    func aValidIdKeepsItsSpelling(text: String) throws {
        let id = try RepositoryID(text)
        #expect(id.description == text)
        #expect("\(id.namespace)/\(id.name)" == text)
    }

    @Test(arguments: [
        ("", "expected namespace/name"), ("gemma", "expected namespace/name"), ("/", "expected namespace/name"),
        ("google/", "expected namespace/name"), ("/gemma", "expected namespace/name"),
        ("a/b/c", "expected namespace/name"), ("a//b", "expected namespace/name"),
        ("../etc", "may begin or end"), ("a/..", "may begin or end"), ("a/.", "may begin or end"),
        ("a/b..c", "'--' and '..'"), ("a/b--c", "'--' and '..'"), ("a--b/c", "'--' and '..'"),
        ("-a/b", "may begin or end"), ("a/-b", "may begin or end"), ("a/b-", "may begin or end"),
        (".a/b", "may begin or end"), ("a/b.", "may begin or end"), ("a./b", "may begin or end"),
        ("a/b.git", ".git"), ("a/B.GIT", ".git"),
        ("a/b c", "only letters"), ("a/b\r\nX-Evil: 1", "only letters"), ("a/b\n", "only letters"),
        ("a/b\u{0}", "only letters"), ("a/%2e%2e", "only letters"), ("a\\b/c", "only letters"),
        ("a/b?x=1", "only letters"), ("a/b#x", "only letters"), ("a/b:c", "only letters"),
        ("a/é", "only letters"), ("a/e\u{301}", "only letters"), ("a/\u{212A}elvin", "only letters"),
        ("a/\u{202E}gemma", "only letters"), ("a/１", "only letters"), ("~/b", "only letters"),
        ("api/models", "reserved"), ("API/models", "reserved"), ("v2/x", "reserved"), ("assets/x", "reserved"),
        ("healthz/x", "reserved"), ("metrics/x", "reserved"), ("static/x", "reserved"),
        (String(repeating: "n", count: 48) + "/" + String(repeating: "m", count: 48), "longer than 96 bytes"),
        (String(repeating: "x", count: 5000), "longer than 96 bytes"),
    ])
    func aHostileIdIsRefusedAndTheReasonNamed(text: String, reason: String) throws {
        let error = try #require(#expect(throws: InvalidName.self) { try RepositoryID(text) })
        #expect(error.description.contains(reason))
        // What is quoted of it can steer neither a terminal nor a header, and is short.
        #expect(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        #expect(error.description.utf8.count < 1200)
    }

    @Test func codingRefusesWhatTheInitialiserRefuses() throws {
        let id = try RepositoryID("google/gemma-3-1b-it")
        let text = try JSONEncoder().encode([id])
        #expect(try JSONDecoder().decode([RepositoryID].self, from: text) == [id])
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([RepositoryID].self, from: Data(#"["../../etc"]"#.utf8))
        }
    }
}
