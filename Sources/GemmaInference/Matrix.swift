package import CGemmaKernels
import Foundation
package import ModelFormats

/// A stored matrix, in the file's own element type; it lives as long as the mapping that it points into.
struct Matrix {
    let stored: gemma_matrix
    /// The whole mapping around it, when its pages are given back after use (`WeightResidency.frugal`).
    var mapping: UnsafeRawBufferPointer?
    /// Codes and scales behind `stored`, which then is only where the codes lie.
    var groups: gemma_groups?
    /// What an adapter adds; products and embeddings apply it.
    var update: LowRankUpdate? = nil
    var replaced: ReplacedRows? = nil

    /// Whether the stored numbers are all there is.
    var isPlain: Bool { update == nil && replaced == nil && groups == nil }

    /// The numbers of a row, [columns], as stored: without what an adapter adds.
    func expand(_ row: Int, into output: UnsafeMutablePointer<Float>, _ kernels: UnsafePointer<gemma_kernels>) {
        if var groups {
            gemma_groups_expand(&groups, row, output)
        } else {
            var stored = stored
            kernels.pointee.expand(&stored, row, output)
        }
    }

    var rows: Int { stored.rows }
    var columns: Int { stored.columns }
    var byteCount: Int { stored.rows * stored.row_bytes }

    /// Whether two matrices of one shape and type hold the same bytes.
    func equals(_ other: Matrix) -> Bool {
        guard groups == nil, other.groups == nil, stored.element == other.stored.element, rows == other.rows,
            columns == other.columns
        else { return false }
        return panels.allSatisfy { rows in
            let (mine, others) = (self[rows], other[rows])
            defer {
                mine.release()
                others.release()
            }
            return memcmp(mine.stored.values, others.stored.values, mine.byteCount) == 0
        }
    }
}

/// The weights of a linear layer without bias: y = W x.
struct Linear {
    let weight: Matrix  // [out, in]

    var rows: Int { weight.rows }
    var columns: Int { weight.columns }
}

extension gemma_element {
    /// Nil for element types that the kernels do not read.
    package init?(_ element: TensorElement) {
        switch element {
        case .f32: self = gemma_f32
        case .f16: self = gemma_f16
        case .bf16: self = gemma_bf16
        case .q4_0: self = gemma_q4_0
        case .q4_1: self = gemma_q4_1
        case .q5_0: self = gemma_q5_0
        case .q5_1: self = gemma_q5_1
        case .q8_0: self = gemma_q8_0
        case .q2K: self = gemma_q2_k
        case .q3K: self = gemma_q3_k
        case .q4K: self = gemma_q4_k
        case .q5K: self = gemma_q5_k
        case .q6K: self = gemma_q6_k
        case .iq4NL: self = gemma_iq4_nl
        case .iq4XS: self = gemma_iq4_xs
        default: return nil
        }
    }
}
