import ModelFormats

/// The usual relative error of a type of storage: the norm of what rounding changes over the norm of the matrix.
///
/// Of normally distributed numbers, measured with ggml's own quantisers for its types (2^20 numbers; the fixtures' K
/// quants agree) and computed for the others; tails heavier than normal raise it by up to a third.
enum StorageError {
    static func of(_ name: String, in tensors: ModelTensors) -> Double {
        if let matrix = tensors.quantisedMatrix(name) { return of(matrix) }
        return tensors[name].map { of($0.tensor.element) } ?? 0
    }

    private static func of(_ element: TensorElement) -> Double {
        switch element {
        case .f32: 1e-7
        case .f16: 0.0003
        case .bf16: 0.0018
        case .q8_0: 0.006
        case .q6K: 0.02
        case .q5_1, .q5K: 0.04
        case .q5_0: 0.045
        case .q4_1, .q4K, .iq4NL, .iq4XS: 0.085
        case .q4_0: 0.09
        case .q3K: 0.18
        case .q2K: 0.35
        case .f8e4m3, .f8e5m2: 0.04
        default: 0.1
        }
    }

    /// Groups of 32 to 128 numbers, or whole rows, share a scale.
    private static func of(_ matrix: QuantisedMatrix) -> Double {
        switch matrix.values {
        case .e4m3: return 0.03
        case .e2m1: return 0.14
        case .table: return 0.11
        case .signed, .unsigned:
            guard case .stream(let bits) = matrix.packing else { return 0.12 }
            return switch bits {
            case 2: 0.5
            case 3: 0.25
            case 4: 0.13
            case 5: 0.065
            case 6: 0.033
            default: 0.015
            }
        }
    }
}
