import Foundation

/// F32 scratch memory with a fixed address, zero at first. Untouched pages cost nothing.
final class FloatBuffer {
    let start: UnsafeMutablePointer<Float>
    let count: Int

    init(_ count: Int) throws(InferenceError) {
        self.count = count
        // calloc maps large blocks lazily as zero pages.
        guard let memory = calloc(max(1, count), MemoryLayout<Float>.stride) else {
            throw .allocationRefused(bytes: count * MemoryLayout<Float>.stride)
        }
        start = memory.bindMemory(to: Float.self, capacity: max(1, count))
    }

    deinit { free(start) }
}
