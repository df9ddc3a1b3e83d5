import Foundation
internal import ModelFormats

extension Gemma3 {
    /// Positions that a layer keeps: a sliding one keeps what its window and the block being read can see.
    static func slots(_ attention: Gemma3Configuration.Attention, _ c: Gemma3Configuration, capacity: Int) -> Int {
        attention == .sliding ? min(capacity, c.slidingWindow + blockSize - 1) : capacity
    }

    /// Throws when keys, values and scratch memory for `capacity` tokens are more than the machine has.
    ///
    /// Asked before anything is allocated: the system hands out memory that it does not have and kills the process that
    /// uses it. Which part is free now says little, since mapped weights count as used and are given back.
    static func checkMemory(_ c: Gemma3Configuration, capacity: Int, workers: Int) throws(InferenceError) {
        let available = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        var needed = Activations.floats(c, tokens: blockSize, capacity: capacity, workers: workers)
        for attention in c.layers {
            let layer = [c.keyValueHeads, c.headDimension, slots(attention, c, capacity: capacity)]
                .reduce(2, saturatingProduct)
            needed = saturatingSum(needed, layer)
        }
        needed = saturatingProduct(needed, MemoryLayout<Float>.stride)
        guard needed <= available else {
            throw .outOfMemory(tokens: capacity, needed: needed, available: available)
        }
    }
}

extension Activations {
    /// How many numbers the buffers hold together.
    static func floats(_ c: Gemma3Configuration, tokens: Int, capacity: Int, workers: Int) -> Int {
        let perToken =
            2 * c.hiddenSize + 2 * (c.queryHeads + c.keyValueHeads) * c.headDimension + 2 * c.intermediateSize
            + c.vocabularySize + 2 * c.headDimension
        return saturatingSum(tokens * perToken + c.headDimension, saturatingProduct(workers, capacity))
    }
}

/// Counts that outside numbers drive: too large to count is too large to have.
private func saturatingProduct(_ left: Int, _ right: Int) -> Int {
    let (product, overflows) = left.multipliedReportingOverflow(by: right)
    return overflows ? .max : product
}

private func saturatingSum(_ left: Int, _ right: Int) -> Int {
    let (sum, overflows) = left.addingReportingOverflow(right)
    return overflows ? .max : sum
}
