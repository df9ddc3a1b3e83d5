import Foundation
import ModelFormats
import Testing

/// config.json as Gemma 4 is published with it, against what transformers 5.23.0 builds from it (gemma4_published.py).
@Suite struct Gemma4PublishedTests {
    struct Model: Decodable, CustomTestStringConvertible {
        let name: String
        let tensors: Int
        let numbers: Int
        let layers: [Layer]
        var testDescription: String { name }
    }

    struct Layer: Decodable, Equatable {
        let kind: String
        let headDimension, keyValueHeads, intermediateSize, keyValueSource: Int

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            kind = try row.decode(String.self)
            headDimension = try row.decode(Int.self)
            keyValueHeads = try row.decode(Int.self)
            intermediateSize = try row.decode(Int.self)
            keyValueSource = try row.decode(Int.self)
        }

        init(_ layer: Gemma4Configuration.Layer) {
            kind = layer.kind == .full ? "F" : "S"
            headDimension = layer.headDimension
            keyValueHeads = layer.keyValueHeads
            intermediateSize = layer.intermediateSize
            keyValueSource = layer.keyValueSource
        }
    }

    private static let file = "gemma4_published.json"
    static var models: [Model] {
        get throws { try JSONDecoder().decode([Model].self, from: Data(Fixtures.bytes(file))) }
    }

    private func configuration(of name: String) throws -> Gemma4Configuration {
        guard case .array(let rows) = try JSONValue(parsing: Fixtures.bytes(Self.file), file: Self.file) else {
            throw ModelFormatError.unreadable(file: Self.file, reason: "no list")
        }
        let row = try #require(rows.first { $0.object?["name"]?.string == name }?.object)
        let config = try #require(row["config"])
        return try #require(try GemmaConfiguration(config).text as? Gemma4Configuration)
    }

    @Test(arguments: try models)
    func derivesTheLayersOfTransformers(_ model: Model) throws {
        let c = try configuration(of: model.name)
        #expect(c.layers.map(Layer.init) == model.layers)
        #expect(c.unknownKeys == [])
        #expect(c.logitSoftcap == 30)
        #expect(c.fullRoPE == .init(base: 1_000_000, rotatedPart: 0.25))
        #expect(c.endOfSequence == [1, 106])
        #expect((c.experts == nil) == (model.name != "gemma-4-26B-A4B"))
        #expect((c.perLayerEmbedding != nil) == model.name.contains("-E"))
        #expect(c.layers.contains(where: \.valuesAreKeys) == !model.name.contains("-E"))
    }

    /// The names are found by the one of the embedding, so a file with no more than that will do.
    @Test(arguments: try models)
    func expectsTheTensorsOfTransformers(_ model: Model) throws {
        let directory = try TemporaryDirectory()
        let header = #"{"model.language_model.embed_tokens.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        try directory.write("model.safetensors", safetensors(header, dataSize: 4))
        let expected = try configuration(of: model.name)
            .expectedTensors(in: try ModelTensors(reading: try directory.files()))
        #expect(expected.required.count == model.tensors)
        #expect(expected.required.reduce(0) { $0 + $1.shape.reduce(1, *) } == model.numbers)
    }

    @Test func everySizeIsThere() throws {
        #expect(try Self.models.count == 5)
    }
}
