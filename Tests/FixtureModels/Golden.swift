import Foundation

extension Fixtures {
    package static func golden(_ name: String) throws -> Golden {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Golden.self, from: Data(contentsOf: models.appending(path: "\(name)/golden.json")))
    }
}

/// golden.json: transformers 5.23.0 in float32, eager attention (see Tests/Fixtures/Models/README.md).
package struct Golden: Decodable {
    package let prompt: String
    package let promptIds: [Int]
    package let lastLogitsF32: [Float]
    package let greedy16F32: [Int]
    package let greedy16Text: String
    package let nllText: String
    package let nllIds: [Int]
    package let meanNllF32: Double
}
