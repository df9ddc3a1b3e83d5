internal import CGemmaKernels
import Foundation

/// How much of the mapped weight files stays in this process's memory. What is computed is the same, bit by bit.
package enum WeightResidency: String, Codable, Sendable {
    /// Pages stay once they were read, until the system wants them back: the fastest.
    case mapped
    /// Pages are given back right after use, so that the process stays small whatever the size of the model. The system
    /// keeps them cached as far as it has room: reading them again costs page faults and, when it has none, the disk.
    case frugal
}

/// Frugal use of a matrix: panel by panel, each given back before the next is read.
extension Matrix {
    /// What a panel may occupy.
    private static let panelBytes = 8 << 20

    /// The rows of its panels, in order; a matrix whose pages stay is one panel.
    var panels: some Sequence<Range<Int>> {
        let share = Int(gemma_rows_per_share)
        let step = mapping == nil ? rows : max(1, Self.panelBytes / max(1, stored.row_bytes * share)) * share
        return stride(from: 0, to: rows, by: max(1, step)).lazy.map { $0..<min($0 + step, rows) }
    }

    /// Some of its rows, as a matrix. For plain matrices: grouped codes and what an adapter changes are left behind.
    subscript(rows: Range<Int>) -> Matrix {
        var part = stored
        part.values += rows.lowerBound * stored.row_bytes
        part.rows = rows.count
        return Matrix(stored: part, mapping: mapping)
    }

    /// Gives its pages back when they are to be; whoever reads them again reads the file.
    func release() {
        guard let mapping, let base = mapping.baseAddress else { return }
        // A fault maps what lies around it too, up to a huge page, and so brings back what was given back before.
        let huge = UInt(2 << 20), start = UInt(bitPattern: stored.values), end = start + UInt(byteCount)
        let first = max(start & ~(huge - 1), UInt(bitPattern: base))
        let last = min((end + huge - 1) & ~(huge - 1), UInt(bitPattern: base + mapping.count))
        madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), MADV_DONTNEED)
    }
}
