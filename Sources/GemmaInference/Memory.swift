import Foundation

/// F32 numbers at a fixed address, zero at first. Untouched pages cost nothing.
final class FloatBuffer {
    let start: UnsafeMutablePointer<Float>
    let count: Int

    fileprivate init(_ count: Int) throws(InferenceError) {
        self.count = count
        // calloc maps large blocks lazily as zero pages.
        guard let memory = calloc(max(1, count), MemoryLayout<Float>.stride) else {
            throw .allocationRefused(bytes: count * MemoryLayout<Float>.stride)
        }
        start = memory.bindMemory(to: Float.self, capacity: max(1, count))
    }

    deinit { free(start) }
}

/// Hands out all the memory that a model computes in, before the first token: a token allocates nothing.
///
/// It stops at what the machine has. Asked before anything is allocated, because the system hands out memory that it
/// does not have and kills the process that uses it. Which part is free now says little, since mapped weights count as
/// used and are given back.
final class Memory {
    private let tokens: Int
    private let available = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    private var used = 0

    /// `tokens` is the length of the text that the memory is for.
    init(forTokens tokens: Int) { self.tokens = tokens }

    /// A buffer of the shape given.
    func floats(_ shape: Int...) throws(InferenceError) -> FloatBuffer {
        let count = shape.reduce(1) { product, size in
            let (next, overflows) = product.multipliedReportingOverflow(by: size)
            return overflows ? .max / 8 : min(next, .max / 8)
        }
        let (total, overflows) = used.addingReportingOverflow(count * MemoryLayout<Float>.stride)
        guard !overflows, total <= available else {
            throw .outOfMemory(tokens: tokens, needed: overflows ? .max : total, available: available)
        }
        used = total
        return try FloatBuffer(count)
    }
}
