import Foundation
import ModelFormats
import Testing

/// config.json as Gemma models are published with it, against what transformers' AutoConfig derives (published.py).
@Suite struct PublishedConfigurationTests {
    struct Model: Decodable, CustomTestStringConvertible {
        let name: String
        let derived: Derived
        var testDescription: String { name }
    }

    struct Derived: Decodable, Equatable {
        var vocabSize, hiddenSize, intermediateSize: Int
        /// F or S per layer.
        var layers: String
        var queryHeads, keyValueHeads, headDim: Int
        var eps: Double
        var context: Int
        /// Scores are multiplied by this to the power of -1/2.
        var scale: Double
        var window: Int?
        var attentionCap, finalCap: Double?
        var ties: Bool
        var eos: [Int]
        /// Base and factor.
        var fullRope, slidingRope: [Double]
    }

    static let bytes = (try? Fixtures.bytes("published.json")) ?? []
    static var models: [Model] {
        get throws {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode([Model].self, from: Data(bytes))
        }
    }

    private func config(of name: String) throws -> JSONValue {
        guard case .array(let rows) = try JSONValue(parsing: Self.bytes, file: "published.json") else { return .null }
        return try #require(rows.first { $0.object?["name"]?.string == name }?.object?["config"])
    }

    @Test(arguments: try models)
    func derivesWhatTransformersDerives(_ model: Model) throws {
        let configuration = try GemmaConfiguration(try config(of: model.name))
        #expect(configuration.unknownKeys == [])
        #expect(try Derived(configuration) == model.derived)
    }

    @Test func everyGenerationAndSizeIsThere() throws {
        #expect(try Self.models.count == 15)
    }
}

extension PublishedConfigurationTests.Derived {
    fileprivate init(_ configuration: GemmaConfiguration) throws {
        func letters(_ kinds: [AttentionKind]) -> String { kinds.map { $0 == .full ? "F" : "S" }.joined() }
        func numbers(_ rope: RoPE) -> [Double] { [rope.base, rope.factor] }
        switch configuration.text {
        case let c as Gemma1Configuration:
            self.init(
                vocabSize: c.vocabularySize, hiddenSize: c.hiddenSize, intermediateSize: c.intermediateSize,
                layers: String(repeating: "F", count: c.layerCount), queryHeads: c.queryHeads,
                keyValueHeads: c.keyValueHeads, headDim: c.headDimension, eps: c.normEpsilon, context: c.contextLength,
                scale: Double(c.headDimension), ties: c.tiesWordEmbeddings, eos: c.endOfSequence,
                fullRope: numbers(c.rope), slidingRope: numbers(c.rope))
        case let c as Gemma2Configuration:
            self.init(
                vocabSize: c.vocabularySize, hiddenSize: c.hiddenSize, intermediateSize: c.intermediateSize,
                layers: letters(c.layers), queryHeads: c.queryHeads, keyValueHeads: c.keyValueHeads,
                headDim: c.headDimension, eps: c.normEpsilon, context: c.contextLength,
                scale: c.queryPreAttentionScalar, window: c.slidingWindow, attentionCap: c.attentionSoftcap,
                finalCap: c.finalSoftcap, ties: c.tiesWordEmbeddings, eos: c.endOfSequence,
                fullRope: numbers(c.rope), slidingRope: numbers(c.rope))
        case let c as Gemma3Configuration:
            self.init(
                vocabSize: c.vocabularySize, hiddenSize: c.hiddenSize, intermediateSize: c.intermediateSize,
                layers: letters(c.layers), queryHeads: c.queryHeads, keyValueHeads: c.keyValueHeads,
                headDim: c.headDimension, eps: c.normEpsilon, context: c.contextLength,
                scale: c.queryPreAttentionScalar, window: c.slidingWindow, ties: c.tiesWordEmbeddings,
                eos: c.endOfSequence, fullRope: numbers(c.fullRoPE), slidingRope: numbers(c.slidingRoPE))
        default: throw CocoaError(.featureUnsupported)
        }
    }
}
