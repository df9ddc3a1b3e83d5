import RegistryCore
import Testing

@Suite struct PrintableTests {
    @Test(arguments: [
        ("plain text, é, 中", "plain text, é, 中"), ("a\r\nb", "a??b"), ("a\nb", "a?b"), ("a\rb", "a?b"),
        ("\u{1B}[31mred", "?[31mred"), ("\u{9B}31m", "?31m"), ("nul\u{0}", "nul?"), ("tab\t", "tab?"),
        ("del\u{7F}", "del?"), ("next\u{85}line", "next?line"), ("\u{202E}evil", "?evil"), ("\u{2066}x\u{2069}", "?x?"),
        ("line\u{2028}sep\u{2029}", "line?sep?"), ("", ""),
    ])
    func whatCouldSteerATerminalOrAHeaderIsReplaced(text: String, printable: String) {
        #expect(text.printable.utf8.elementsEqual(printable.utf8))
    }

    @Test func aLongTextIsCutAt1000Scalars() {
        #expect(String(repeating: "x", count: 1_000_000).printable.utf8.count == 1000)
        // Combining marks pile up on one Character: the limit counts scalars.
        #expect(("e" + String(repeating: "\u{301}", count: 100_000)).printable.unicodeScalars.count == 1000)
    }
}
