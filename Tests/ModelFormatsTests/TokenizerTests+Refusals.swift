import ModelFormats
import Testing

/// What a tokenizer.json may not hold, because it would change ids or cost too much.
extension TokenizerTests {
    @Test func refusesComponentsThatItDoesNotKnow() throws {
        func text(_ body: () throws -> Tokenizer) -> String { errorText { _ = try body() } ?? "accepted" }
        #expect(
            text { try small(normalizer: #"{"type":"NFKC"}"#) }.contains(
                #"normalizer expected Replace, Prepend or a Sequence of them, got "NFKC""#))
        #expect(
            text { try small(normalizer: #"{"type":"Replace","pattern":{"Regex":"a+"},"content":""}"#) }.contains(
                "a literal String"))
        #expect(
            text { try small(pre: #"{"type":"ByteLevel"}"#) }.contains(
                #"pre_tokenizer expected Split or null, got "ByteLevel""#))
        #expect(
            text { try small(pre: #"{"type":"Split","pattern":{"String":"a"}}"#) }.contains(
                "a pattern that the normalizer removes"))
        #expect(text { try small(post: #"{"type":"RobertaProcessing"}"#) }.contains("post_processor"))
        #expect(text { try small(decoder: #"{"type":"Metaspace"}"#) }.contains("decoder"))
        #expect(text { try small(decoder: "null") }.hasSuffix("decoder expected an object, got null"))
        #expect(text { try small(decoder: #"{"type":" "}"#) }.hasSuffix(#"got " ""#))
        #expect(text { try small(model: #","dropout":0.1"#) }.contains("model.dropout expected to be off"))
        #expect(
            text { try small(model: #","ignore_merges":1"#) }.contains("model.ignore_merges expected true or false"))
        #expect(text { try small(model: #","byte_fallback":true"#) }.contains("<0x00> to <0xFF>"))
        #expect(text { try small(added: #"[{"id":8,"content":"x","lstrip":1}]"#) }.contains("lstrip expected true"))
    }

    @Test(arguments: [("null", "null"), ("[1]", "array"), ("3", "number"), (#""x""#, "string")])
    func namesTheKindOfAFileThatIsNoTokenizer(_ json: String, _ kind: String) throws {
        let text = try #require(errorText { _ = try Tokenizer(parsing: Array(json.utf8)) })
        #expect(text == "tokenizer.json: tokenizer expected an object, got \(kind)")
        let model = try #require(errorText { _ = try Tokenizer(parsing: Array(#"{"model":\#(json)}"#.utf8)) })
        #expect(model == "tokenizer.json: model expected an object, got \(kind)")
    }

    @Test func refusesATemplateWhoseIdIsAnotherPiece() throws {
        func post(_ ids: String, _ tokens: String) -> String {
            #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<bos>":{"id":"<bos>","ids":\#(ids),"tokens":\#(tokens)}}}"#
        }
        #expect(try small(post: post("[1]", #"["<bos>"]"#)).encode("a") == [1, 2])
        let wrong = try #require(errorText { _ = try small(post: post("[3]", #"["<bos>"]"#)) })
        #expect(wrong.contains("post_processor.special_tokens"))
        #expect(wrong.contains(#"the id of "<bos>""#))
        #expect(wrong.contains(#"3, which is "b""#))
        #expect(errorText { _ = try small(post: post("[1,1]", #"["<bos>"]"#)) } != nil)
        #expect(errorText { _ = try small(post: post("[99]", #"["<bos>"]"#)) } != nil)
    }

    /// Each step doubles the text: 2^40 times the memory for one word.
    @Test func refusesReplacementsThatLetATextExplode() throws {
        let steps = (0..<40).map { step in
            #"{"type":"Replace","pattern":{"String":"\#(step % 2)"},"content":"\#((step + 1) % 2)\#((step + 1) % 2)"}"#
        }.joined(separator: ",")
        let normalizer = try #require(
            errorText { _ = try small(normalizer: #"{"type":"Sequence","normalizers":[\#(steps)]}"#) })
        #expect(normalizer.contains("normalizer expected"))
        let decoder = try #require(errorText { _ = try small(decoder: #"{"type":"Sequence","decoders":[\#(steps)]}"#) })
        #expect(decoder.contains("decoder expected"))
    }

    @Test func refusesPartsThatCostTooMuch() throws {
        func text(_ body: () throws -> Tokenizer) -> String { errorText { _ = try body() } ?? "accepted" }
        let long = String(repeating: "a", count: 16_385)
        #expect(text { try small(vocab: #""<unk>":0,"\#(long)":1"#, merges: "[]") }.contains("at most 16384 bytes"))
        #expect(text { try small(added: #"[{"id":8,"content":"\#(long)"}]"#) }.contains("at most 16384 bytes"))
        let fuses = [String](repeating: #"{"type":"Fuse"}"#, count: 65).joined(separator: ",")
        #expect(
            text { try small(decoder: #"{"type":"Sequence","decoders":[\#(fuses)]}"#) }.contains("at most 64, got 65"))
        let pattern = String(repeating: "a", count: 257)
        #expect(
            text { try small(normalizer: #"{"type":"Replace","pattern":{"String":"\#(pattern)"},"content":""}"#) }
                .contains("at most 256 bytes, got 257"))
        let step = #"{"type":"Replace","pattern":{"String":"a"},"content":"b"}"#
        let steps = [String](repeating: step, count: 65).joined(separator: ",")
        #expect(
            text { try small(normalizer: #"{"type":"Sequence","normalizers":[\#(steps)]}"#) }
                .contains("at most 64, got 65"))
        let tokens = [String](repeating: #"{"SpecialToken":{"id":"B"}}"#, count: 65).joined(separator: ",")
        let post =
            #"{"type":"TemplateProcessing","single":[\#(tokens),{"Sequence":{"id":"A"}}],"special_tokens":{"B":{"ids":[1],"tokens":["<bos>"]}}}"#
        #expect(text { try small(post: post) }.contains("at most 64 special tokens"))
    }

    @Test func piecesMadeToCollideLoadLikeOthers() throws {
        func seconds(_ pieces: [String]) throws -> Duration {
            let vocab = #""<unk>":0,"# + pieces.enumerated().map { #""\#($1)":\#($0 + 1)"# }.joined(separator: ",")
            var shortest = Duration.seconds(1000)
            for _ in 0..<3 {
                let start = ContinuousClock.now
                let tokenizer = try small(vocab: vocab, merges: "[]")
                shortest = min(shortest, start.duration(to: .now))
                #expect(tokenizer.pieceCount == pieces.count + 1)
            }
            return shortest
        }
        let colliding = piecesWithOneHash(16_000), ordinary = (0..<16_000).map { "p\($0 + 100_000)" }
        #expect(Set(colliding).count == 16_000)
        // With FNV-1a 60 times as long.
        #expect(try seconds(colliding) < seconds(ordinary) * 10)
    }

    /// Texts whose unseeded FNV-1a ends in the same 15 bits.
    private func piecesWithOneHash(_ count: Int) -> [String] {
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-".utf8)
        func step(_ hash: UInt64, _ letter: UInt8) -> UInt64 { (hash ^ UInt64(letter)) &* 0x100_0000_01B3 }
        var found: [String] = []
        for number in 0... {
            let begin = (0..<4).map { letters[number >> (6 * $0) & 63] }
            let hash = begin.reduce(0xCBF2_9CE4_8422_2325, step)
            for a in letters {
                for b in letters {
                    let most = step(step(hash, a), b)
                    for c in letters {
                        let whole = step(most, c)
                        guard (whole ^ whole >> 32) & 0x7FFF == 0 else { continue }
                        found.append(String(decoding: begin + [a, b, c], as: UTF8.self))
                        if found.count == count { return found }
                    }
                }
            }
        }
        return found
    }

    @Test func refusesVocabulariesThatContradictThemselves() throws {
        func text(_ body: () throws -> Tokenizer) -> String { errorText { _ = try body() } ?? "accepted" }
        #expect(text { try small(vocab: #""<unk>":0,"a":1,"a":2"#, merges: "[]") }.contains("occur once"))
        #expect(text { try small(vocab: #""<unk>":0,"a":1,"b":1"#, merges: "[]") }.contains("occur once"))
        #expect(text { try small(vocab: #""<unk>":0,"a":-1"#, merges: "[]") }.contains("ids from 0"))
        #expect(text { try small(vocab: #""<unk>":0,"a":2000000"#, merges: "[]") }.contains("ids from 0"))
        #expect(text { try small(vocab: #""a":0"#, merges: "[]") }.contains("model.unk_token"))
        #expect(text { try small(merges: #"[["a","x"]]"#) }.contains(#""x" in merge 0"#))
        #expect(text { try small(merges: #"[["a","▁"]]"#) }.contains(#""a▁" in merge 0"#))
        #expect(text { try small(merges: #"[["a"]]"#) }.contains("two strings each"))
        #expect(text { try small(merges: #"["a b c"]"#) }.contains("two pieces"))
        #expect(text { try small(added: #"[{"id":2,"content":"zz"}]"#) }.contains("the next free id, 8"))
        #expect(text { try small(added: #"[{"id":9,"content":"zz"}]"#) }.contains(#"the next free id, 8"#))
        #expect(text { try small(added: #"[{"id":3,"content":"a"}]"#) }.contains("agree with the vocabulary"))
        let twice = #"{"id":8,"content":"zz","normalized":false}"#
        #expect(text { try small(added: "[\(twice),\(twice)]") }.contains("occur once"))
        let alike = #"[{"id":8,"content":"z z"},{"id":9,"content":"z▁z"}]"#
        #expect(text { try small(added: alike) }.contains("differ after the normalizer"))
    }
}
