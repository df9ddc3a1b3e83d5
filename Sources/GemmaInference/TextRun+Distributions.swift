internal import CGemmaKernels
import Foundation

/// What logits say as a distribution over the next token.
extension TextRun {
    /// -sum p log p of p = softmax(logits), in nats; NaN where a logit is not finite.
    package func entropy(_ logits: UnsafeBufferPointer<Float>) -> Double {
        guard let start = logits.baseAddress else { return .nan }
        let top = logits[greatest(logits)], sum = kernels.pointee.sum_of_exponentials(start, top, logits.count)
        let mean = kernels.pointee.weighted_exponentials(start, top, start, logits.count) / sum
        return log(sum) + Double(top) - mean
    }

    /// KL(softmax(reference) || softmax(logits)) in nats: what is lost by predicting with these logits where the others
    /// are right. Both have the same number of rows.
    package func divergence(
        of logits: UnsafeBufferPointer<Float>, from reference: UnsafeBufferPointer<Float>
    ) -> Double {
        precondition(logits.count == reference.count, "distributions over different vocabularies")
        guard let start = logits.baseAddress, let other = reference.baseAddress else { return .nan }
        let top = logits[greatest(logits)], otherTop = reference[greatest(reference)], count = logits.count
        let sum = kernels.pointee.sum_of_exponentials(start, top, count)
        let otherSum = kernels.pointee.sum_of_exponentials(other, otherTop, count)
        let own = kernels.pointee.weighted_exponentials(other, otherTop, start, count) / otherSum
        let theirs = kernels.pointee.weighted_exponentials(other, otherTop, other, count) / otherSum
        return theirs - Double(otherTop) - log(otherSum) - (own - Double(top) - log(sum))
    }

    /// The likeliest next token; the first among equals.
    package func likeliest(_ logits: UnsafeBufferPointer<Float>) -> Int { greatest(logits) }
}
