import Foundation
import ModelFormats
import Testing

/// Made by Tests/Fixtures/Tokenizers/make_goldens.py.
struct TokenizerGoldens: Decodable {
    struct Expected: Decodable {
        /// Ids with spaces between, one line per text.
        let encoded: [String]
        let decoded: [String]
        let decodedWithoutSpecial: [String]
        /// By index of the text: the ids of llama.cpp where they are not those of tokenizer.json.
        let ggufDiffers: [String: String]
    }

    let texts: [String]
    let ids: [[Int]]
    let tokenizers: [String: Expected]

    static let directory = Fixtures.models.deletingLastPathComponent().appending(path: "Tokenizers")

    /// The goldens of the project, or those that TOKENIZER_GOLDENS names: `make_goldens.py 10000 SEED FILE` makes more.
    static func read() throws -> TokenizerGoldens {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            TokenizerGoldens.self,
            from: Data(
                contentsOf: ProcessInfo.processInfo.environment["TOKENIZER_GOLDENS"].map { URL(filePath: $0) }
                    ?? directory.appending(path: "goldens.json")))
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: directory.appending(path: name)))
    }
}

extension TokenizerTests {
    @Test(arguments: ["gemma", "gemma4"])
    func givesRandomTextsTheIdsOfTheReferenceTokenizer(_ name: String) throws {
        let goldens = try TokenizerGoldens.read(),
            tokenizer = try Tokenizer(
                parsing: try TokenizerGoldens.bytes(name + ".json"))
        let expected = try #require(goldens.tokenizers[name])
        #expect(goldens.texts.count >= 2000)
        for (text, ids) in zip(goldens.texts, expected.encoded) {
            let encoded = tokenizer.encode(text)
            #expect(encoded.map(String.init).joined(separator: " ") == ids, "\(text.debugDescription)")
            // A literal mark comes back as a space, everything else as it was.
            let back = String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "▁" ? " " : $0 }))
            let own = tokenizer.encode(text, addsSpecial: false)
            #expect(tokenizer.decode(own).utf8.elementsEqual(back.utf8), "\(text.debugDescription)")
        }
    }

    @Test(arguments: ["gemma", "gemma4"])
    func givesRandomIdsTheTextOfTheReferenceTokenizer(_ name: String) throws {
        let goldens = try TokenizerGoldens.read(),
            tokenizer = try Tokenizer(
                parsing: try TokenizerGoldens.bytes(name + ".json"))
        let expected = try #require(goldens.tokenizers[name])
        #expect(goldens.ids.count >= 200)
        for (index, ids) in goldens.ids.enumerated() {
            #expect(tokenizer.decode(ids).utf8.elementsEqual(expected.decoded[index].utf8), "\(ids)")
            #expect(
                tokenizer.decode(ids, skipsSpecial: true).utf8.elementsEqual(
                    expected.decodedWithoutSpecial[index].utf8),
                "\(ids)")
        }
    }

    @Test(arguments: ["gemma", "gemma4"])
    func givesTheIdsOfLlamaCppFromAGGUFVocabulary(_ name: String) throws {
        let goldens = try TokenizerGoldens.read()
        let reference = try Tokenizer(parsing: try TokenizerGoldens.bytes(name + ".json"))
        let tokenizer = try Tokenizer(gguf: try GGUFVocabulary.fixture(name), file: "model.gguf")
        let differs = try #require(goldens.tokenizers[name]?.ggufDiffers)
        // Control tokens whose type the conversion lost, and runs of literal marks beside spaces.
        #expect((1...goldens.texts.count / 40).contains(differs.count))
        for (index, text) in goldens.texts.enumerated() {
            let ids = tokenizer.encode(text)
            if let other = differs["\(index)"] {
                #expect(ids.map(String.init).joined(separator: " ") == other, "\(text.debugDescription)")
            } else {
                #expect(ids == [2] + reference.encode(text, addsSpecial: false), "\(text.debugDescription)")
                #expect(tokenizer.decode(ids, skipsSpecial: true) == reference.decode(ids, skipsSpecial: true))
            }
        }
    }
}

extension GGUFVocabulary {
    /// The vocabulary of a converted fixture, as `make_goldens.py --gguf` writes it.
    static func fixture(_ name: String) throws -> GGUFVocabulary {
        struct Keys: Decodable {
            let model: String
            let tokens: [String]
            let scores: [Float]
            let tokenType: [Int32]
            let merges: [String]?
            let bosTokenId: Int
            let eosTokenId: Int
            let unknownTokenId: Int
            let paddingTokenId: Int
            let addBosToken: Bool
            let addSpacePrefix: Bool
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let keys = try decoder.decode(Keys.self, from: Data(try TokenizerGoldens.bytes(name + "-gguf.json")))
        return GGUFVocabulary(
            model: keys.model, pieces: TextList(keys.tokens), scores: keys.scores, types: keys.tokenType,
            merges: TextList(keys.merges ?? []), beginOfSequence: keys.bosTokenId, endOfSequence: keys.eosTokenId,
            unknown: keys.unknownTokenId, padding: keys.paddingTokenId, addsBeginOfSequence: keys.addBosToken,
            addsSpacePrefix: keys.addSpacePrefix)
    }
}

extension TextList {
    init(_ texts: [String]) {
        self.init()
        for text in texts { append(text.utf8) }
    }
}
