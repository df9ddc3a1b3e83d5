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
    private var needed: [(file: ReadableFile, range: Range<Int>)] = []  // by every pass

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
    /// A matrix that each pass uses whole is read ahead; of others, such as experts, only what is used is ever read.
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
        if isUsedWhole { needed.append((tensors.files[file], tensor.range)) }
        return Matrix(
            stored: gemma_matrix(
                values: base, element: element, rows: tensor.elementCount / columns, columns: columns,
                row_bytes: columns / block.elements * block.bits / 8),
            mapping: residency == .frugal ? mappings[file] : nil)
    }

    /// A matrix of which some rows are used turns out to be used whole, as the head.
    func need(_ matrix: Matrix) {
        for (file, mapping) in zip(tensors.files, mappings) {
            guard let base = mapping.baseAddress, base <= matrix.stored.values else { continue }
            let offset = matrix.stored.values - base
            if offset < mapping.count { needed.append((file, offset..<(offset + matrix.byteCount))) }
        }
    }

    /// Has the system read what each pass needs while the first one is under way, which would wait for every few pages.
    /// Not when that would drive itself out of the system's cache.
    func readAhead() {
        let needed = needed, step = 1 << 20
        self.needed = []
        let total = needed.reduce(0) { $0 + $1.range.count }
        guard UInt64(total) <= ProcessInfo.processInfo.physicalMemory / 2 else { return }
        let thread = Thread {
            for (file, range) in needed {
                // The system takes no more than its own limit at once, often 1 MiB.
                for offset in stride(from: range.lowerBound, to: range.upperBound, by: step) {
                    posix_fadvise(file.descriptor, off_t(offset), off_t(step), POSIX_FADV_WILLNEED)
                }
            }
        }
        thread.name = "gemma-reader"
        thread.start()
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
