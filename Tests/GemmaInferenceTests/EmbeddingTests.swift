import FixtureModels
import Foundation
import GemmaInference
import ModelFormats
import Testing

/// golden.json of the embedding fixture: what sentence-transformers and transformers made of it.
struct EmbeddingGolden: Decodable {
    struct Case: Decodable {
        let prompt: String?
        let text: String
        let ids: [Int]
        let firstState, lastState, embedding: [Float]
    }

    let cases: [Case]
    /// The first case's states, pooled in every way.
    let pooled: [String: [Float]]
    /// Sentence and paraphrase.
    let pairs: [[String]]
    let cosines: [[Double]]

    static func read() throws -> EmbeddingGolden {
        let path = Fixtures.path("embedding-trained") + "/golden.json"
        return try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(filePath: path)))
    }
}

@Suite struct EmbeddingTests {
    static func model(_ files: ModelFiles, residency: WeightResidency = .mapped) throws -> EmbeddingModel {
        let configuration = try Gemma3Configuration(encoder: files)
        return try EmbeddingModel(
            configuration: configuration, tensors: try ModelTensors(reading: files),
            tokenizer: try Tokenizer(reading: files),
            transformer: try SentenceTransformer(reading: files, hiddenSize: configuration.hiddenSize),
            residency: residency)
    }

    @Test(arguments: [WeightResidency.mapped, .frugal])
    func statesAndVectorsAreThoseOfSentenceTransformers(_ residency: WeightResidency) throws {
        let model = try Self.model(try Fixtures.files("embedding-trained"), residency: residency)
        let golden = try EmbeddingGolden.read()
        let prompts = Dictionary(
            uniqueKeysWithValues: try #require(model.transformer).prompts.map { ($0.name, $0.text) })
        for one in golden.cases {
            let tokens = model.tokens(of: one.text, prompt: one.prompt.flatMap { prompts[$0] } ?? "")
            #expect(tokens == one.ids)
            let states = try model.states(of: tokens)
            #expect(largestDifference(Array(states.prefix(64)), one.firstState) <= 5e-5)
            #expect(largestDifference(Array(states.suffix(64)), one.lastState) <= 5e-5)
            #expect(largestDifference(try model.vector(of: tokens), one.embedding) <= 1e-5)
        }
    }

    @Test func everyWayOfPoolingIsThatOfSentenceTransformers() throws {
        let model = try Self.model(try Fixtures.files("embedding-trained"))
        let golden = try EmbeddingGolden.read()
        let states = try model.states(of: golden.cases[0].ids)
        #expect(golden.pooled.count == SentenceTransformer.Pooling.Mode.allCases.count)
        for mode in SentenceTransformer.Pooling.Mode.allCases {
            #expect(
                largestDifference(mode.pooled(states, width: 64), try #require(golden.pooled[mode.rawValue])) <= 5e-5)
        }
    }

    @Test func aTokenSeesThoseAfterItOnlyWithinTheWindow() throws {
        let model = try Self.model(try Fixtures.files("embedding-trained"))
        var tokens = (0..<40).map { 100 + $0 }
        let before = try model.states(of: tokens)
        tokens[39] = 300
        let after = try model.states(of: tokens)
        // The last layer is full: everything moves; a causal model would move in the last row alone.
        #expect(largestDifference(Array(before.prefix(64)), Array(after.prefix(64))) > 1e-4)
    }

    @Test func whatIsNoTokenAndTooLongATextAreRefused() throws {
        let model = try Self.model(try Fixtures.files("embedding-trained"))
        #expect(throws: InferenceError.tokenOutOfRange(token: 512, index: 1, vocabularySize: 512)) {
            try model.states(of: [2, 512])
        }
        #expect(throws: InferenceError.promptTooLong(tokens: 513, contextLength: 512)) {
            try model.states(of: Array(repeating: 5, count: 513))
        }
        #expect(throws: InferenceError.emptyPrompt) { try model.states(of: []) }
    }
}
