import CGemmaKernels
import FixtureModels

/// One set of kernels that this machine can run.
struct KernelTwin: Sendable, CustomStringConvertible {
    let index: Int

    static let all = (0..<8).filter { gemma_kernels_at($0) != nil }.map(KernelTwin.init)

    var kernels: gemma_kernels { gemma_kernels_at(index).pointee }
    var name: String { String(cString: kernels.name) }
    var description: String { name }

    /// output [tokens, rows] of input [tokens, columns], the rows in the shares given.
    func product(
        _ weights: StoredMatrix, tokens: Int, input: [Float], shares: [Range<Int>]? = nil
    ) -> [Float] {
        var output = [Float](repeating: .nan, count: tokens * weights.rows)
        weights.withMatrix { matrix in
            output.withUnsafeMutableBufferPointer { output in
                input.withUnsafeBufferPointer { input in
                    var job = gemma_product(
                        weights: matrix, tokens: tokens, input: input.baseAddress, input_stride: weights.columns,
                        output: output.baseAddress,
                        output_stride: weights.rows)
                    for share in shares ?? [0..<weights.rows] {
                        kernels.product(&job, share.lowerBound, share.upperBound)
                    }
                }
            }
        }
        return output
    }

    /// The numbers of a stored matrix [rows, columns].
    func expand(_ stored: StoredMatrix) -> [Float] {
        var values = [Float](repeating: .nan, count: stored.rows * stored.columns)
        stored.withMatrix { matrix in
            var matrix = matrix
            values.withUnsafeMutableBufferPointer { values in
                for row in 0..<stored.rows {
                    kernels.expand(&matrix, row, values.baseAddress.map { $0 + row * stored.columns })
                }
            }
        }
        return values
    }
}

/// A stored matrix at an odd address, with some bytes between its rows.
struct StoredMatrix {
    let element: gemma_element
    let rows, columns: Int
    private var bytes: [UInt8]
    private static let gap = 3

    private var rowBytes: Int { columns / gemma_block_elements(element) * gemma_block_bytes(element) + Self.gap }

    /// Random numbers: for quantised types random bytes with finite, modest scales.
    init(_ element: gemma_element, rows: Int, columns: Int) {
        let blocks = columns / gemma_block_elements(element)
        self.init(
            element, rows: rows, columns: columns,
            blocks: (0..<(rows * blocks)).flatMap { _ in Self.randomBlock(element) })
    }

    init(_ element: gemma_element, rows: Int, columns: Int, blocks: [UInt8]) {
        (self.element, self.rows, self.columns) = (element, rows, columns)
        let size = blocks.count / rows
        bytes = [0]
        for row in 0..<rows {
            bytes += blocks[(row * size)..<((row + 1) * size)] + [UInt8](repeating: 0xFF, count: Self.gap)
        }
    }

    /// What the scalar twin reads.
    var values: [Float] { KernelTwin(index: 0).expand(self) }

    mutating func overwriteBlock(row: Int, with byte: UInt8) {
        for index in 0..<gemma_block_bytes(element) { bytes[1 + row * rowBytes + index] = byte }
    }

    func withMatrix(_ body: (gemma_matrix) -> Void) {
        bytes.withUnsafeBytes {
            body(
                gemma_matrix(
                    values: $0.baseAddress.map { $0 + 1 }, element: element, rows: rows, columns: columns,
                    row_bytes: rowBytes))
        }
    }

    private static func randomBlock(_ element: gemma_element) -> [UInt8] {
        switch element {
        case gemma_f32: return f32Bytes(.random(in: -2...2))
        case gemma_bf16: return bf16Bytes(.random(in: -2...2))
        case gemma_f16:
            // Any finite half up to 4, subnormals included.
            let half = UInt16.random(in: 0...0x4400) | (Bool.random() ? 0x8000 : 0)
            return [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)]
        default:
            var block = (0..<gemma_block_bytes(element)).map { _ in UInt8.random(in: 0...255) }
            for offset in scaleOffsets(element) {
                let half = UInt16.random(in: 0...0x2C00) | (Bool.random() ? 0x8000 : 0)
                (block[offset], block[offset + 1]) = (UInt8(truncatingIfNeeded: half), UInt8(half >> 8))
            }
            return block
        }
    }

    /// Where a block keeps its halves.
    private static func scaleOffsets(_ element: gemma_element) -> [Int] {
        switch element {
        case gemma_q4_1, gemma_q5_1, gemma_q4_k, gemma_q5_k: [0, 2]
        case gemma_q2_k: [80, 82]
        case gemma_q3_k: [108]
        case gemma_q6_k: [208]
        default: [0]
        }
    }
}
