internal import CGemmaKernels
import Foundation
internal import ModelFormats

/// The weight files of a model, mapped read-only; matrices point into the mapping and live as long as it.
///
/// Every bound comes from a checked header, so no access leaves the file as it was when it was opened. A file that
/// is *truncated afterwards* makes the next access to the missing pages a SIGBUS that no check can rule out; models
/// are therefore run in a child process over immutable blobs, and `checkSizes` before each text catches the rest.
final class MappedWeights {
    let tensors: ModelTensors
    private let residency: WeightResidency
    private var mappings: [UnsafeRawBufferPointer] = []

    init(_ tensors: ModelTensors, _ residency: WeightResidency) throws(InferenceError) {
        self.tensors = tensors
        self.residency = residency
        for file in tensors.files {
            let address = mmap(nil, max(1, file.size), PROT_READ, MAP_PRIVATE, file.descriptor, 0)
            guard let address, address != MAP_FAILED else {
                throw .weights(
                    file: file.name, expected: "\(file.size) bytes to map", got: String(cString: strerror(errno)))
            }
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

    /// A tensor as a matrix: its last dimension are the columns, all others together the rows; a vector is one row.
    ///
    /// A matrix that is needed as a whole in each pass is read ahead, instead of faulted in by 128 KiB; of others, such
    /// as experts, only what is used is ever read.
    func matrix(_ name: String, isUsedWhole: Bool = true) throws(InferenceError) -> Matrix {
        if let quantised = tensors.quantisedMatrix(name) { return try matrix(quantised) }
        guard let (tensor, file) = tensors[name] else {
            throw .tensor(name: name, expected: "to be present", got: "no such tensor")
        }
        let columns = tensor.shape.last ?? 1, block = tensor.element.block
        guard let element = gemma_element(tensor.element), columns > 0, columns % block.elements == 0,
            let base = UnsafeRawBufferPointer(rebasing: mappings[file][tensor.range]).baseAddress
        else {
            throw .tensor(
                name: name, expected: "rows of whole blocks of a type that this build reads",
                got: "\(tensor.element.rawValue) \(tensor.shape)")
        }
        if isUsedWhole {
            let start = UInt(bitPattern: base), firstPage = start & ~UInt(getpagesize() - 1)
            madvise(
                UnsafeMutableRawPointer(bitPattern: firstPage), Int(start - firstPage) + tensor.range.count,
                MADV_WILLNEED)
        }
        return Matrix(
            stored: gemma_matrix(
                values: base, element: element, rows: tensor.elementCount / columns, columns: columns,
                row_bytes: columns / block.elements * block.bits / 8),
            mapping: residency == .frugal ? mappings[file] : nil)
    }

    /// The stored bytes of a tensor.
    func bytes(_ tensor: Tensor) throws(InferenceError) -> UnsafeRawBufferPointer {
        guard let (_, file) = tensors[tensor.name] else {
            throw .tensor(name: tensor.name, expected: "to be present", got: "no such tensor")
        }
        return UnsafeRawBufferPointer(rebasing: mappings[file][tensor.range])
    }

    /// The mapping around a tensor when its pages are given back after use.
    func released(_ tensor: Tensor) -> UnsafeRawBufferPointer? {
        residency == .frugal ? tensors[tensor.name].map { mappings[$0.file] } : nil
    }
}
