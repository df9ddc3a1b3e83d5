import Foundation
internal import ModelFormats

/// Turns the pairs (j, j + D/2) of a head by angles that grow with the position (RoFormer, arXiv 2104.09864).
///
/// Angles are formed in F32, as transformers forms them: theirs are what a long text's far positions were trained on.
final class RotaryEmbedding {
    private let frequencies: FloatBuffer  // [D/2]
    private let cosines, sines: FloatBuffer  // [T, D/2] of the block being read
    private let half: Int

    init(_ rope: RoPE, headDimension: Int, memory: Memory) throws(InferenceError) {
        half = headDimension / 2
        frequencies = try memory.floats(half)
        (cosines, sines) =
            (try memory.floats(Arithmetic.blockSize, half), try memory.floats(Arithmetic.blockSize, half))
        let turning = min(half, Int(rope.rotatedPart * Double(headDimension) / 2))
        for pair in 0..<turning {
            let exponent = Float(2 * pair) / Float(headDimension)
            frequencies.start[pair] = 1 / powf(Float(rope.base), exponent) / Float(rope.factor)
        }
    }

    /// Computes the angles of a block of `count` tokens from `position` on.
    func prepare(_ count: Int, at position: Int) {
        for token in 0..<count {
            let place = Float(position + token)
            for pair in 0..<half {
                let angle = place * frequencies.start[pair]
                cosines.start[token * half + pair] = cosf(angle)
                sines.start[token * half + pair] = sinf(angle)
            }
        }
    }

    /// Turns x [T, heads, D] in place.
    func rotate(_ x: FloatBuffer, heads: Int, _ tokens: Int) {
        for token in 0..<tokens {
            let cosine = cosines.start + token * half, sine = sines.start + token * half
            for head in 0..<heads {
                let first = x.start + (token * heads + head) * 2 * half, second = first + half
                for pair in 0..<half {
                    let (u, w) = (first[pair], second[pair])
                    first[pair] = u * cosine[pair] - w * sine[pair]
                    second[pair] = w * cosine[pair] + u * sine[pair]
                }
            }
        }
    }
}
