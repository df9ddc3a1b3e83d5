internal import CGemmaKernels
package import ModelFormats

/// Reads a model's stored tensors as the forward pass does, whatever they are stored as.
package final class StoredWeights {
    private let mapped: MappedWeights

    /// Pages are given back as `StoredRows.release` says, so that memory stays bounded.
    package init(_ tensors: ModelTensors) throws { mapped = try MappedWeights(tensors, .frugal) }

    /// A tensor, or the quantised matrix in its place, as rows: its last dimension are the columns, a vector is one row.
    package func rows(of name: String) throws -> StoredRows {
        StoredRows(matrix: try mapped.matrix(name, isUsedWhole: false), mapped: mapped)
    }
}

/// The rows of a stored tensor. Reading is safe from several threads at once.
package struct StoredRows: @unchecked Sendable {
    fileprivate let matrix: Matrix
    /// Keeps the mapping.
    fileprivate let mapped: MappedWeights

    package var count: Int { matrix.rows }
    package var columns: Int { matrix.columns }

    /// Writes the `columns` numbers of a row.
    package func expand(_ row: Int, into output: UnsafeMutablePointer<Float>) {
        matrix.expand(row, into: output, gemma_fastest_kernels())
    }

    /// Gives the pages of some rows back to the system.
    package func release(_ rows: Range<Int>) { matrix[rows].release() }

    /// Whether some rows lie as the same bytes in another tensor of the same type. False where it cannot be told.
    package func equals(_ other: StoredRows, in rows: Range<Int>) -> Bool {
        guard matrix.isPlain, other.matrix.isPlain else { return false }
        return matrix[rows].equals(other.matrix[rows])
    }
}
