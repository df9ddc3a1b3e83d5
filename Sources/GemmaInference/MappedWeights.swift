internal import CGemmaKernels
import Foundation
internal import ModelFormats

/// A stored matrix: `rows` rows of `columns` numbers, contiguous, in the file's own element type.
struct Matrix {
    let base: UnsafeRawPointer
    let element: gemma_element
    let rows: Int
    let columns: Int
}

/// The weight files of a model, mapped read-only; matrices point into the mapping and live as long as it.
///
/// Every bound comes from a checked header, so no access leaves the file as it was when it was opened. A file that
/// is *truncated afterwards* makes the next access to the missing pages a SIGBUS that no check can rule out; models
/// are therefore run in a child process over immutable blobs, and `checkSizes` before each text catches the rest.
final class MappedWeights {
    private let tensors: ModelTensors
    private var mappings: [UnsafeRawBufferPointer] = []

    init(_ tensors: ModelTensors) throws(InferenceError) {
        self.tensors = tensors
        for file in tensors.files {
            let address = mmap(nil, max(1, file.size), PROT_READ, MAP_PRIVATE, file.descriptor, 0)
            guard let address, address != MAP_FAILED else {
                throw .weights(
                    file: file.name, expected: "\(file.size) bytes to map", got: String(cString: strerror(errno)))
            }
            // Every page is needed once per pass: let the kernel read ahead instead of faulting in 128 KiB at a time.
            madvise(address, file.size, MADV_WILLNEED)
            mappings.append(UnsafeRawBufferPointer(start: address, count: file.size))
        }
    }

    deinit {
        for mapping in mappings {
            munmap(UnsafeMutableRawPointer(mutating: mapping.baseAddress), max(1, mapping.count))
        }
    }

    /// Throws when a file has another size than when it was opened.
    func checkSizes() throws(InferenceError) {
        for file in tensors.files {
            var status = stat()
            guard fstat(file.descriptor, &status) == 0, Int(status.st_size) == file.size else {
                throw .weights(
                    file: file.name, expected: "\(file.size) bytes, as when it was opened", got: "\(status.st_size)")
            }
        }
    }

    /// A tensor as a matrix of the shape given; a vector is one row.
    func matrix(_ name: String, rows: Int, columns: Int) throws(InferenceError) -> Matrix {
        guard let (tensor, file) = tensors[name] else {
            throw .tensor(name: name, expected: "shape [\(rows), \(columns)]", got: "no such tensor")
        }
        guard tensor.shape == [rows, columns] || (rows == 1 && tensor.shape == [columns]) else {
            throw .tensor(name: name, expected: "shape [\(rows), \(columns)]", got: "\(tensor.shape)")
        }
        let element: gemma_element
        switch tensor.element {
        case .bf16: element = gemma_bf16
        case .f16: element = gemma_f16
        case .f32: element = gemma_f32
        case let other: throw .tensor(name: name, expected: "BF16, F16 or F32", got: other.rawValue)
        }
        let bytes = mappings[file][tensor.range]
        guard let base = UnsafeRawBufferPointer(rebasing: bytes).baseAddress else {
            throw .tensor(name: name, expected: "shape [\(rows), \(columns)]", got: "no bytes")
        }
        return Matrix(base: base, element: element, rows: rows, columns: columns)
    }

    /// The scale of an RMSNorm of Gemma 1 to 3: the file holds w, the scale is 1 + w in F32.
    func onePlus(_ name: String, count: Int) throws(InferenceError) -> FloatBuffer {
        let stored = try matrix(name, rows: 1, columns: count)
        let scale = try FloatBuffer(count)
        gemma_widen(stored.base, stored.element, count, scale.start)
        for index in 0..<count { scale.start[index] += 1 }
        return scale
    }

    /// Whether two matrices of one shape and type hold the same bytes.
    static func areEqual(_ left: Matrix, _ right: Matrix) -> Bool {
        guard left.element == right.element, left.rows == right.rows, left.columns == right.columns else {
            return false
        }
        return memcmp(left.base, right.base, left.rows * left.columns * (left.element == gemma_f32 ? 4 : 2)) == 0
    }
}
