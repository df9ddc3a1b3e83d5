import GemmaInference
import ModelFormats

/// Reads the small tensors of a model whole.
struct StoredVectors {
    private let weights: StoredWeights
    /// Numbers beyond which a tensor is none of the small ones.
    private static let limit = 1 << 20

    init(_ tensors: ModelTensors) throws { weights = try StoredWeights(tensors) }

    /// The numbers of a vector; nil when there is none of this name, or it is too long.
    subscript(_ name: String) -> [Float]? {
        guard let rows = try? weights.rows(of: name), rows.count == 1, rows.columns <= Self.limit else { return nil }
        return [Float](unsafeUninitializedCapacity: rows.columns) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            rows.expand(0, into: start)
            count = rows.columns
        }
    }
}
