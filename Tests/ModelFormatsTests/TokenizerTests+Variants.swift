import ModelFormats
import Testing

/// Settings that fine-tuned and older files have. The ids are those of `tokenizers` 0.23.3 on the same text.
extension TokenizerTests {
    private func added(_ content: String, _ flags: String...) -> String {
        let on = flags.map { #","\#($0)":true"# }.joined()
        let normalized = flags.contains("normalized") ? "" : #","normalized":false"#
        return #"[{"id":8,"content":"\#(content)"\#(normalized)\#(on)}]"#
    }

    @Test(arguments: [("a \n<x> b", [2, 8, 3]), ("<x>", [8]), ("  <x> <x>", [8, 8]), ("<x> a", [8, 2])])
    func aTokenThatStripsTakesTheSpaceAroundItAlong(_ text: String, _ ids: [Int]) throws {
        let tokenizer = try small(added: added("<x>", "lstrip", "rstrip"))
        #expect(tokenizer.encode(text) == ids)
    }

    /// Looking for the end of the same space from each of them would take minutes.
    @Test(arguments: ["lstrip", "rstrip"])
    func tokensInTheSpaceThatOthersTakeAlongAreAllFound(_ flag: String) throws {
        let tokenizer = try small(added: added("\\n", flag))
        #expect(tokenizer.encode("\n \n  \n\n b\n a").filter { $0 == 8 }.count == 5)
        let ids = tokenizer.encode(String(repeating: "\n", count: 200_000) + "a")
        #expect(ids == [Int](repeating: 8, count: 200_000) + [2])
    }

    @Test(arguments: [
        ("x a", [8, 5, 2]), ("xa", [0, 2]), ("ax", [2, 0]), ("a-x-a", [2, 0, 8, 0, 2]), ("éx", [0]), ("x\u{301}", [0]),
        ("x_", [0]), ("x\u{2014}", [8, 0]),
    ])
    func aWholeWordTokenNeedsNoWordBesideIt(_ text: String, _ ids: [Int]) throws {
        let tokenizer = try small(added: added("x", "single_word"))
        #expect(tokenizer.encode(text) == ids)
    }

    @Test func aNormalizedTokenIsLookedForAsTheNormalizerWritesIt() throws {
        let tokenizer = try small(added: added("b a", "normalized", "special"))
        #expect(tokenizer.encode("ab ab") == [2, 8, 3])
        #expect(tokenizer.encode("ab▁ab") == [2, 8, 3])
        // What it decodes to is not the text of a control token any more.
        #expect(tokenizer.decode([2, 8], skipsSpecial: true) == "ab a")
    }

    @Test func prependGoesBeforeEveryStretchBetweenAddedTokens() throws {
        let normalizer =
            #"{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}"#
        let tokenizer = try small(added: added("<x>"), normalizer: normalizer)
        #expect(tokenizer.encode("a<x>b") == [5, 2, 8, 5, 3])
        #expect(tokenizer.encode("") == [])
    }

    @Test func aTextThatIsAPieceStaysWholeWhereMergesAreIgnored() throws {
        let merges = #"[["a","b"]]"#
        #expect(try small(merges: merges).encode("aba") == [4, 2])
        #expect(try small(merges: merges, model: #","ignore_merges":true"#).encode("aba") == [6])
        #expect(try small(merges: merges, model: #","ignore_merges":true"#).encode("abab") == [4, 4])
    }

    @Test func stripTakesTheSpaceThatWasPrependedOff() throws {
        let decoder =
            #"{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}"#
        let tokenizer = try small(decoder: decoder)
        #expect(tokenizer.decode([5, 2, 5]) == "a ")
        #expect(tokenizer.decode([5, 5, 2]) == " a")
        let both = decoder.replacing(#""start":1,"stop":0"#, with: #""start":9223372036854775807,"stop":1"#)
        #expect(try small(decoder: both).decode([5, 5, 2, 5, 5]) == "a ")
        #expect(try small(decoder: both).decode([5, 5]) == "")
    }

    @Test func aChangedFileIsReadAgain() throws {
        let directory = try TemporaryDirectory()
        try directory.write("tokenizer.json", try TokenizerGoldens.bytes("gemma.json"))
        let files = try directory.files()
        let first = try Tokenizer(reading: files)
        #expect(try Tokenizer(reading: files).encode("a b") == first.encode("a b"))
        try directory.replace("tokenizer.json", #""<start_of_turn>""#, with: #""<start_of_TURN>""#)
        #expect(errorText { _ = try Tokenizer(reading: files) } != nil)
        try directory.write("tokenizer.json", try TokenizerGoldens.bytes("gemma4.json"))
        #expect(try Tokenizer(reading: files).id(of: "<|turn>") == 8)
        #expect(first.id(of: "<|turn>") == nil)
    }
}
