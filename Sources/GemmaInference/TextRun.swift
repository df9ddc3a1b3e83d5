internal import CGemmaKernels
import Foundation

/// One text going through a model: reading a prompt in blocks, scoring it, and greedy continuation.
package struct TextRun {
    package let model: any LanguageModel
    let kernels: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()

    package init(_ model: any LanguageModel) { self.model = model }

    /// What a pass over a prompt yields.
    package struct Reading {
        /// Logits at the last position, [V].
        package var lastLogits: [Float] = []
        /// -log p(token i | tokens before i) for i from 1 on; empty when no score was asked for.
        package var negativeLogLikelihoods: [Double] = []
        /// -sum p log p of the prediction at each position, in nats; empty when no score was asked for.
        package var entropies: [Double] = []
        /// NaN and infinite logits seen, over all positions when scored, else over the last.
        package var nonFiniteLogits = 0
        /// The first position with such a logit.
        package var firstNonFinitePosition: Int?
        /// The largest magnitude of a finite logit.
        package var largestLogit: Float = 0

        /// Nats per token.
        package var meanNLL: Double? {
            negativeLogLikelihoods.isEmpty
                ? nil : negativeLogLikelihoods.reduce(0, +) / Double(negativeLogLikelihoods.count)
        }
    }

    /// Reads `tokens` (at least one, ids within the vocabulary, within the model's capacity) from the start. Where scores
    /// are asked for, `each` gets every position and its logits [V], which are valid during the call.
    package func read(
        _ tokens: [Int], scores: Bool, each: (Int, UnsafeBufferPointer<Float>) -> Void = { _, _ in }
    ) -> Reading {
        model.reset()
        var reading = Reading()
        let width = model.vocabularySize
        for start in stride(from: 0, to: tokens.count, by: model.blockSize) {
            let end = min(start + model.blockSize, tokens.count), isLast = end == tokens.count
            let rows = model.forward(tokens[start..<end], logits: scores ? .all : isLast ? .last : .none)
            for row in 0..<(rows.count / max(1, width)) {
                let logits = UnsafeBufferPointer(rebasing: rows[(row * width)..<((row + 1) * width)])
                let position = scores ? start + row : end - 1
                inspect(logits, at: position, into: &reading)
                if scores {
                    reading.entropies.append(entropy(logits))
                    each(position, logits)
                }
                if scores, position + 1 < tokens.count {
                    reading.negativeLogLikelihoods.append(negativeLogLikelihood(of: tokens[position + 1], logits))
                }
                if position == tokens.count - 1 { reading.lastLogits = Array(logits) }
            }
        }
        return reading
    }

    /// The likeliest next tokens, one after the other, after a reading. Stops after `count` tokens, after a token of
    /// `stops` (which is part of the answer), or when the capacity is used up.
    package func generate(_ count: Int, after reading: Reading, stops: [Int]) -> [Int] {
        guard count > 0, !reading.lastLogits.isEmpty else { return [] }
        var tokens: [Int] = []
        tokens.reserveCapacity(min(count, model.capacity))
        var next = reading.lastLogits.withUnsafeBufferPointer { greatest($0) }
        while true {
            tokens.append(next)
            guard tokens.count < count, !stops.contains(next), model.position < model.capacity else { return tokens }
            next = greatest(model.forward(tokens[(tokens.count - 1)...], logits: .last))
        }
    }

    /// The index of the largest logit, the first among equals, as torch.argmax; NaN never wins.
    func greatest(_ logits: UnsafeBufferPointer<Float>) -> Int {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] || logits[best].isNaN { best = index }
        return best
    }

    private func negativeLogLikelihood(of token: Int, _ logits: UnsafeBufferPointer<Float>) -> Double {
        guard let start = logits.baseAddress else { return .nan }
        let largest = logits[greatest(logits)]
        let sum = kernels.pointee.sum_of_exponentials(start, largest, logits.count)
        return Double(largest) + log(sum) - Double(logits[token])
    }

    private func inspect(_ logits: UnsafeBufferPointer<Float>, at position: Int, into reading: inout Reading) {
        let seen = kernels.pointee.scan(logits.baseAddress, gemma_f32, logits.count)
        reading.largestLogit = max(reading.largestLogit, seen.largest_magnitude)
        if seen.nan_count + seen.infinity_count > 0 {
            reading.nonFiniteLogits += seen.nan_count + seen.infinity_count
            reading.firstNonFinitePosition = reading.firstNonFinitePosition ?? position
        }
    }
}
