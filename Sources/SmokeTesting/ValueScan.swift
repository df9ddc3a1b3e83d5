import CGemmaKernels
import GemmaInference
import ModelFormats

/// One pass over the stored numbers of all tensors, in pieces of fixed size, so that memory stays bounded whatever the
/// size of the model. Reads with pread: a file cut short meanwhile is an error, not a signal.
struct ValueScan {
    struct Finding {
        let tensor: Tensor
        let file: String
        var nanCount = 0
        var infinityCount = 0
        var zeroCount = 0
        /// The flat index of the first NaN or infinity.
        var firstNonFinite: Int?
        var largestMagnitude: Float = 0

        var isAllZero: Bool { zeroCount == tensor.elementCount && tensor.elementCount > 0 }
        var isMatrix: Bool { tensor.shape.count >= 2 }
    }

    private static let pieceSize = 8 << 20
    /// Blocks of a quantised tensor that are expanded at a time.
    private static let blocksAtOnce = 256

    private let kernels: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()
    private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 64)
    private let expanded = UnsafeMutablePointer<Float>.allocate(capacity: blocksAtOnce * 256)

    /// Scans every tensor of a type that the forward pass reads; `progress` gets the part done, 0 to 1.
    static func run(_ tensors: ModelTensors, progress: (Double) -> Void) throws -> [Finding] {
        let scan = ValueScan()
        defer {
            scan.piece.deallocate()
            scan.expanded.deallocate()
        }
        var findings: [Finding] = [], done = 0
        for (tensor, file) in tensors.tensors {
            guard let element = gemma_element(tensor.element) else { continue }
            let source = tensors.files[file], (elements, bits) = tensor.element.block
            var finding = Finding(tensor: tensor, file: source.name)
            let step = pieceSize - pieceSize % (bits / 8)
            for start in stride(from: tensor.range.lowerBound, to: tensor.range.upperBound, by: step) {
                let size = min(step, tensor.range.upperBound - start)
                try source.read(into: UnsafeMutableRawBufferPointer(rebasing: scan.piece[..<size]), at: start)
                let first = (start - tensor.range.lowerBound) * 8 / bits * elements
                scan.scan(element, blocks: size * 8 / bits, of: elements, bytes: bits / 8, from: first, into: &finding)
                done += size
                progress(Double(done) / Double(max(1, tensors.totalBytes)))
            }
            findings.append(finding)
        }
        return findings
    }

    /// Looks at `blocks` blocks that lie in `piece`; the first number of the first has the flat index `first`.
    private func scan(
        _ element: gemma_element, blocks: Int, of elements: Int, bytes: Int, from first: Int,
        into finding: inout Finding
    ) {
        guard elements > 1 else {
            return finding.add(kernels.pointee.scan(piece.baseAddress, element, blocks), firstIndex: first)
        }
        // A quantised number is its block's scale times a small one: what counts is what it expands to.
        for start in stride(from: 0, to: blocks, by: Self.blocksAtOnce) {
            let count = min(Self.blocksAtOnce, blocks - start) * elements
            var row = gemma_matrix(
                values: piece.baseAddress.map { UnsafeRawPointer($0) + start * bytes }, element: element, rows: 1,
                columns: count, row_bytes: count / elements * bytes)
            kernels.pointee.expand(&row, 0, expanded)
            finding.add(
                kernels.pointee.scan(expanded, gemma_f32, count), firstIndex: first + start * elements)
        }
    }
}

extension ValueScan.Finding {
    fileprivate mutating func add(_ seen: gemma_scan, firstIndex: Int) {
        nanCount += seen.nan_count
        infinityCount += seen.infinity_count
        zeroCount += seen.zero_count
        largestMagnitude = max(largestMagnitude, seen.largest_magnitude)
        let firsts =
            (seen.nan_count > 0 ? [seen.first_nan] : []) + (seen.infinity_count > 0 ? [seen.first_infinity] : [])
        if firstNonFinite == nil, let first = firsts.min() { firstNonFinite = firstIndex + first }
    }
}
