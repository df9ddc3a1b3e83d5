import Foundation
import ModelFormats
import Testing

private struct Golden: Decodable {
    struct Case: Decodable {
        let text: String
        let ids: [Int]
        let decoded: String
    }
    struct Chat: Decodable {
        let rendered: String
        let ids: [Int]
    }
    let tokenizerCases: [Case]
    let chat: Chat?
}

@Suite struct TokenizerTests {
    private static let models = ["gemma3", "gemma3-mm", "gemma3-sharded", "gemma3-trained"]

    @Test(arguments: models)
    func givesTheIdsOfTheReferenceTokenizer(_ name: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let golden = try decoder.decode(Golden.self, from: Data(try Fixtures.bytes("\(name)/golden.json")))
        let tokenizer = try Tokenizer(reading: Fixtures.files(name))
        #expect(golden.tokenizerCases.count == 21)
        for example in golden.tokenizerCases {
            #expect(tokenizer.encode(example.text) == example.ids, "\(example.text.debugDescription)")
            #expect(
                tokenizer.decode(example.ids).utf8.elementsEqual(example.decoded.utf8),
                "\(example.text.debugDescription)")
        }
        let chat = try #require(golden.chat)
        #expect(tokenizer.encode(chat.rendered, addsSpecial: false) == chat.ids)
    }

    @Test func leavesOutSpecialTokensWhenAsked() throws {
        let tokenizer = try Tokenizer(reading: Fixtures.files("gemma3"))
        let ids = tokenizer.encode("<start_of_turn>user\nHi<end_of_turn>\n")
        #expect(tokenizer.decode(ids, skipsSpecial: true) == "user\nHi\n")
        let old = tokenizer.encode("The old", addsSpecial: false)
        #expect(tokenizer.decode(old.flatMap { [$0, 99_999, -1] }) == "The old")
    }

    @Test func bytesThatAreNoTextBecomeReplacementCharacters() throws {
        let tokenizer = try Tokenizer(reading: Fixtures.files("gemma3"))
        let byte = try [0xF0, 0x9F, 0x99, 0x82].map {
            try #require(tokenizer.id(of: "<0x\(String($0, radix: 16, uppercase: true))>"))
        }
        #expect(tokenizer.decode(byte) == "🙂")
        #expect(tokenizer.decode(Array(byte.prefix(3))) == "\u{FFFD}\u{FFFD}\u{FFFD}")
    }

    @Test func mergesALongTextInReasonableTime() throws {
        let tokenizer = try Tokenizer(reading: Fixtures.files("gemma3"))
        let text = String(repeating: "The old harbour woke before the sun did. ", count: 5000)
        let start = ContinuousClock.now
        let ids = tokenizer.encode(text)
        // 205 KB as one word: 0.05 s with a heap, minutes without.
        #expect(start.duration(to: .now) < .seconds(10))
        #expect(tokenizer.decode(ids, skipsSpecial: true) == text)
    }

    /// A tokenizer of a few pieces, with parts replaced.
    func small(
        vocab: String = #""<unk>":0,"<bos>":1,"a":2,"b":3,"ab":4,"▁":5,"aba":6,"ba":7"#,
        merges: String = #"[["a","b"],["ab","a"],["b","a"]]"#, added: String = "[]", normalizer: String? = nil,
        pre: String = "null", post: String = "null", model: String = "", decoder: String? = nil
    ) throws -> Tokenizer {
        let replace = #"{"type":"Replace","pattern":{"String":" "},"content":"▁"}"#
        let back =
            #"{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"Fuse"}]}"#
        let text = """
            {"added_tokens":\(added),"normalizer":\(normalizer ?? replace),"pre_tokenizer":\(pre),"post_processor":\(post),
             "decoder":\(decoder ?? back),
             "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true\(model),"vocab":{\(vocab)},"merges":\(merges)}}
            """
        return try Tokenizer(parsing: Array(text.utf8))
    }

    @Test func mergesByRankThenFromTheLeft() throws {
        let tokenizer = try small()
        #expect(tokenizer.encode("aba") == [6])
        #expect(tokenizer.encode("abab") == [4, 4])
        #expect(tokenizer.encode("bab") == [3, 4])
        #expect(tokenizer.encode("a b") == [2, 5, 3])
    }

    @Test func readsMergesAsPairsAndAsText() throws {
        let text = try small(merges: #"["a b","ab a","b a"]"#)
        #expect(text.encode("ababa") == (try small().encode("ababa")))
    }

    @Test func unknownCharactersFuse() throws {
        #expect(try small().encode("aéüb") == [2, 0, 3])
        #expect(
            try small(
                model: #","fuse_unk":false"#.replacingOccurrences(of: "fuse_unk", with: "dropout").replacingOccurrences(
                    of: "false", with: "null")
            ).encode("éü") == [0])
    }

    @Test func addedTokensComeFirstAndTheLongestWins() throws {
        let tokens =
            #"[{"id":8,"content":"<x>","special":true,"normalized":false},{"id":9,"content":"<x><x>","special":false,"normalized":false}]"#
        let tokenizer = try small(added: tokens)
        #expect(tokenizer.encode("a<x><x><x>b") == [2, 9, 8, 3])
        #expect(tokenizer.decode([2, 9, 8, 3], skipsSpecial: true) == "a<x><x>b")
    }

    @Test func normalizedAddedTokensMatchNormalizedText() throws {
        let tokenizer = try small(added: #"[{"id":8,"content":"▁a","special":false,"normalized":true}]"#)
        #expect(tokenizer.encode("b ab") == [3, 8, 3])
        let raw = try small(added: #"[{"id":8,"content":"▁a","special":false,"normalized":false}]"#)
        #expect(raw.encode("b ab") == [3, 5, 4])
    }

    @Test func theTemplateSurroundsTheText() throws {
        let post =
            #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"B","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"B","type_id":0}}],"special_tokens":{"B":{"id":"B","ids":[1],"tokens":["<bos>"]}}}"#
        let tokenizer = try small(post: post)
        #expect(tokenizer.encode("a") == [1, 2, 1])
        #expect(tokenizer.encode("a", addsSpecial: false) == [2])
    }
}
