import RegistryCore
import Testing

@Suite struct RepositoryPathTests {
    @Test(arguments: [
        ("config.json", "config.json"), ("a/b/c.txt", "c.txt"), (".gitattributes", ".gitattributes"),
        ("a/.hidden/x", "x"), ("model-00001-of-00002.safetensors", "model-00001-of-00002.safetensors"),
        ("with space.txt", "with space.txt"), ("caf\u{E9}.txt", "caf\u{E9}.txt"),
        ("中文/模型.json", "模型.json"), ("...", "..."), ("a..b", "a..b"), ("x'y", "x'y"), ("a&b#c", "a&b#c"),
        (String(repeating: "s", count: 255), String(repeating: "s", count: 255)),
    ])
    func aValidPathKeepsItsSpelling(text: String, fileName: String) throws {
        let path = try RepositoryPath(text)
        #expect(path.description.utf8.elementsEqual(text.utf8))
        #expect(path.fileName == fileName)
    }

    @Test(arguments: [
        ("", "1 to 1,024 bytes"), (String(repeating: "a/", count: 512) + "b", "1 to 1,024 bytes"),
        ("/etc/passwd", "segment is empty"), ("a//b", "segment is empty"), ("a/", "segment is empty"),
        ("/", "segment is empty"), ("..", "'.' and '..'"), ("../x", "'.' and '..'"), ("a/../b", "'.' and '..'"),
        ("a/..", "'.' and '..'"), (".", "'.' and '..'"), ("a/./b", "'.' and '..'"),
        ("-rf", "begins with"), ("a/-x", "begins with"), ("~/.ssh/id", "begins with"), ("a/~root", "begins with"),
        ("a\r\nX-Evil", "control character"), ("a\n", "control character"), ("a\u{0}b", "control character"),
        ("a\u{7F}", "control character"), ("a\u{1B}[2J", "control character"), ("a\tb", "control character"),
        ("C:\\x", "one of"), ("\\\\host\\share", "one of"), ("a:b", "one of"),
        ("a*", "one of"), ("a?b", "one of"), ("a\"b", "one of"),
        ("%2e%2e/x", "one of"), ("a%2Fb", "one of"), ("a%00", "one of"), ("100%", "one of"), ("a<b", "one of"),
        ("a>b", "one of"), ("a|b", "one of"),
        // The 8-bit control that begins a terminal sequence, line separators, and letters shown right to left.
        ("a\u{9B}2J", "control character"), ("a\u{85}b", "control character"), ("a\u{2028}b", "control character"),
        ("a\u{202E}nosj.exe", "control character"), ("a\u{2066}b", "control character"),
        ("cafe\u{301}.txt", "NFC"), ("\u{212B}ngstrom", "NFC"), ("\u{1100}\u{1161}", "NFC"),
        (String(repeating: "s", count: 256), "longer than 255 bytes"),
        ("a/" + String(repeating: "é", count: 128), "longer than 255 bytes"),
    ])
    func aHostilePathIsRefusedAndTheReasonNamed(text: String, reason: String) throws {
        let error = try #require(#expect(throws: InvalidName.self) { try RepositoryPath(text) })
        #expect(error.description.contains(reason))
        #expect(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }

    @Test func pathsAreOrderedByBytes() throws {
        let texts = ["b", "a/z", "a-b", "a", "a.b", "B", "é", "z"]
        let sorted = try texts.map { try RepositoryPath($0) }.sorted().map(\.text)
        #expect(sorted == ["B", "a", "a-b", "a.b", "a/z", "b", "z", "é"])
    }
}
