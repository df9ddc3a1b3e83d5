internal import CGemmaKernels
internal import ModelFormats

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

    static let pieceSize = 8 << 20

    /// Scans every tensor of a type that the forward pass reads; `progress` gets the part done, 0 to 1.
    static func run(_ tensors: ModelTensors, progress: (Double) -> Void) throws -> [Finding] {
        let kernels: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 64)
        defer { buffer.deallocate() }
        var findings: [Finding] = [], done = 0
        for (tensor, file) in tensors.tensors {
            guard let element = gemma_element(tensor.element) else { continue }
            let source = tensors.files[file], width = tensor.element.block.bits / 8
            var finding = Finding(tensor: tensor, file: source.name)
            for start in stride(from: tensor.range.lowerBound, to: tensor.range.upperBound, by: pieceSize) {
                let size = min(pieceSize, tensor.range.upperBound - start)
                try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]), at: start)
                let seen = kernels.pointee.scan(buffer.baseAddress, element, size / width)
                finding.add(seen, firstIndex: (start - tensor.range.lowerBound) / width)
                done += size
                progress(Double(done) / Double(max(1, tensors.totalBytes)))
            }
            findings.append(finding)
        }
        return findings
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

extension gemma_element {
    /// Nil for element types that the kernels do not read.
    init?(_ element: TensorElement) {
        switch element {
        case .bf16: self = gemma_bf16
        case .f16: self = gemma_f16
        case .f32: self = gemma_f32
        default: return nil
        }
    }
}
