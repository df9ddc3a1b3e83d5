import CGemmaKernels
import Foundation
import Testing

/// Random queries over a cache of keys and values, and where the block of queries stands.
struct AttentionCase: Sendable, CustomStringConvertible {
    let tokens, position, window, capacity, dimension: Int
    var heads = 4
    var kvHeads = 2
    var softcap: Float = 0
    /// Of the whole text, where its tokens see those after them too.
    var positions = 0

    var description: String {
        "\(tokens) at \(position) of \(positions), window \(window), \(dimension) wide, cap \(softcap)"
    }

    static let all = [
        AttentionCase(tokens: 1, position: 0, window: 0, capacity: 8, dimension: 8),
        AttentionCase(tokens: 16, position: 0, window: 0, capacity: 16, dimension: 20),
        AttentionCase(tokens: 6, position: 40, window: 0, capacity: 60, dimension: 64, softcap: 2),
        AttentionCase(tokens: 16, position: 100, window: 33, capacity: 48, dimension: 256),
        // Windows as narrow as the tokens that go together, and narrower: nothing is seen by all of them.
        AttentionCase(tokens: 9, position: 21, window: 4, capacity: 19, dimension: 33),
        AttentionCase(tokens: 13, position: 21, window: 2, capacity: 17, dimension: 17, heads: 3, kvHeads: 1),
        AttentionCase(tokens: 7, position: 5, window: 1, capacity: 7, dimension: 129),
        AttentionCase(tokens: 15, position: 300, window: 0, capacity: 315, dimension: 96, heads: 2, kvHeads: 2),
        AttentionCase(tokens: 16, position: 0, window: 0, capacity: 40, dimension: 64, positions: 40),
        AttentionCase(tokens: 13, position: 16, window: 5, capacity: 31, dimension: 16, positions: 31),
        AttentionCase(tokens: 11, position: 3, window: 9, capacity: 20, dimension: 33, heads: 4, positions: 14),
        AttentionCase(tokens: 7, position: 0, window: 1, capacity: 7, dimension: 20, positions: 7),
    ]

    /// output [tokens, heads, dimension] of queries [tokens, heads, dimension], in blocks of `block` tokens.
    func run(_ twin: KernelTwin, _ queries: [Float], _ keys: [Float], _ values: [Float], block: Int) -> [Float] {
        var output = [Float](repeating: .nan, count: queries.count)
        var scores = [Float](repeating: .nan, count: Int(gemma_tokens_per_share) * capacity)
        let width = heads * dimension
        output.withUnsafeMutableBufferPointer { output in
            for first in stride(from: 0, to: tokens, by: block) {
                queries.withUnsafeBufferPointer { queries in
                    keys.withUnsafeBufferPointer { keys in
                        values.withUnsafeBufferPointer { values in
                            scores.withUnsafeMutableBufferPointer { scores in
                                var job = gemma_attention_job(
                                    kernels: gemma_kernels_at(twin.index),
                                    queries: queries.baseAddress.map { $0 + first * width },
                                    keys: keys.baseAddress, values: values.baseAddress,
                                    output: output.baseAddress.map { $0 + first * width },
                                    scores: scores.baseAddress, tokens: min(block, tokens - first), heads: heads,
                                    kv_heads: kvHeads, head_dimension: dimension, capacity: capacity,
                                    first_position: position + first, window: window, positions: positions,
                                    scale: 0.3, softcap: softcap)
                                for share in 0..<gemma_attention_shares(&job) { gemma_attention_task(&job, share, 0) }
                            }
                        }
                    }
                }
            }
        }
        return output
    }

    /// The same in double precision, token by token.
    func exact(_ queries: [Float], _ keys: [Float], _ values: [Float]) -> [Double] {
        (0..<(tokens * heads)).flatMap { row in
            let at = position + row / heads, kvHead = row % heads / (heads / kvHeads)
            let last = positions == 0 ? at : window == 0 ? positions - 1 : min(at + window, positions) - 1
            let seen = (window == 0 ? 0 : max(0, at - window + 1))...last
            func start(_ position: Int) -> Int { (kvHead * capacity + position % capacity) * dimension }
            let scores = seen.map { position in
                let score = (0..<dimension).reduce(0.0) {
                    $0 + Double(queries[row * dimension + $1]) * Double(keys[start(position) + $1])
                }
                return softcap == 0 ? 0.3 * score : Double(softcap) * tanh(0.3 * score / Double(softcap))
            }
            let weights = scores.map { exp($0 - (scores.max() ?? 0)) }, sum = weights.reduce(0, +)
            return (0..<dimension).map { column in
                zip(seen, weights).reduce(0.0) { $0 + $1.1 * Double(values[start($1.0) + column]) } / sum
            }
        }
    }
}

extension KernelTests {
    @Test(arguments: KernelTwin.all, AttentionCase.all)
    func attentionEqualsItsFormulaAndABlockEqualsItsTokens(_ twin: KernelTwin, _ attention: AttentionCase) {
        func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1) } }
        let queries = random(attention.tokens * attention.heads * attention.dimension)
        let keys = random(attention.kvHeads * attention.capacity * attention.dimension), values = random(keys.count)
        let block = attention.run(twin, queries, keys, values, block: attention.tokens)
        for (output, exact) in zip(block, attention.exact(queries, keys, values)) {
            #expect(abs(Double(output) - exact) <= 2e-6)
        }
        for size in [1, 3, 4] {
            let blocks = attention.run(twin, queries, keys, values, block: size)
            #expect(blocks.map(\.bitPattern) == block.map(\.bitPattern))
        }
    }
}
