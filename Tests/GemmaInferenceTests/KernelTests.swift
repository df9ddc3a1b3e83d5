import CGemmaKernels
import Testing

/// Every twin that this machine can run, against sums in double precision over the same stored numbers.
@Suite struct KernelTests {
    static let elements = [
        gemma_f32, gemma_f16, gemma_bf16, gemma_q4_0, gemma_q4_1, gemma_q5_0, gemma_q5_1, gemma_q8_0, gemma_q2_k,
        gemma_q3_k, gemma_q4_k, gemma_q5_k, gemma_q6_k, gemma_iq4_nl, gemma_iq4_xs,
    ]
    /// Row lengths around every vector width and past the pieces that products expand at a time.
    static func columns(_ element: gemma_element) -> [Int] {
        switch gemma_block_elements(element) {
        case 1: [1, 7, 8, 15, 16, 33, 129, 1029]
        case 32: [32, 96, 1056, 2080]
        default: [256, 1280]
        }
    }

    @Test func theFastestTwinIsTheLastOne() {
        let twins = KernelTwin.all
        #expect(twins.first?.name == "scalar")
        #expect(twins.last?.name == String(cString: gemma_fastest_kernels().pointee.name))
        #expect(Set(twins.map(\.name)).count == twins.count)
    }

    @Test(arguments: KernelTwin.all, elements)
    func productsEqualSumsInDoublePrecision(_ twin: KernelTwin, _ element: gemma_element) {
        for columns in Self.columns(element) {
            let weights = StoredMatrix(element, rows: 7, columns: columns), values = weights.values
            for tokens in [1, 2, 3, 4, 5, 6, 7, 12, 17] {
                let input = (0..<(tokens * columns)).map { _ in Float.random(in: -1...1) }
                let output = twin.product(weights, tokens: tokens, input: input)
                for token in 0..<tokens {
                    for row in 0..<weights.rows {
                        var exact = 0.0, magnitude = 0.0
                        for column in 0..<columns {
                            let term = Double(values[row * columns + column]) * Double(input[token * columns + column])
                            exact += term
                            magnitude += abs(term)
                        }
                        #expect(abs(Double(output[token * weights.rows + row]) - exact) <= 1e-6 * magnitude)
                    }
                }
            }
        }
    }

    /// A block whose logits nobody wants has no row for the head, and nothing may be read or written for it.
    @Test(arguments: KernelTwin.all, elements)
    func aProductOfNoTokensTouchesNothing(_ twin: KernelTwin, _ element: gemma_element) {
        let columns = Self.columns(element)[0], weights = StoredMatrix(element, rows: 7, columns: columns)
        var output = [Float](repeating: 42, count: 7)
        let input = [Float](repeating: 1, count: columns)
        weights.withMatrix { matrix in
            output.withUnsafeMutableBufferPointer { output in
                input.withUnsafeBufferPointer { input in
                    var none = gemma_product(
                        weights: matrix, tokens: 0, input: input.baseAddress, input_stride: columns,
                        output: output.baseAddress, output_stride: 7)
                    twin.kernels.product(&none, 0, 7)
                }
            }
        }
        #expect(output.allSatisfy { $0 == 42 })
    }

    @Test(arguments: KernelTwin.all, elements)
    func aTokenGivesTheSameBitsAloneAndInABlock(_ twin: KernelTwin, _ element: gemma_element) {
        for columns in Self.columns(element) {
            let weights = StoredMatrix(element, rows: 6, columns: columns), most = 26
            let input = (0..<(most * columns)).map { _ in Float.random(in: -1...1) }
            let alone = (0..<most).map { token in
                twin.product(weights, tokens: 1, input: Array(input[(token * columns)..<((token + 1) * columns)]))
            }
            for tokens in Array(2...18) + [most] {
                let block = twin.product(weights, tokens: tokens, input: Array(input[..<(tokens * columns)]))
                #expect(block.map(\.bitPattern) == alone[..<tokens].flatMap { $0.map(\.bitPattern) })
            }
        }
    }

    @Test(arguments: KernelTwin.all, [gemma_f32, gemma_bf16, gemma_q8_0, gemma_q6_k])
    func rowsGiveTheSameBitsHoweverTheyAreShared(_ twin: KernelTwin, _ element: gemma_element) {
        let weights = StoredMatrix(element, rows: 11, columns: 512)
        for tokens in [1, 4] {
            let input = (0..<(tokens * 512)).map { _ in Float.random(in: -1...1) }
            let whole = twin.product(weights, tokens: tokens, input: input)
            for cut in 1..<11 {
                let parts = twin.product(weights, tokens: tokens, input: input, shares: [0..<cut, cut..<11])
                #expect(parts.map(\.bitPattern) == whole.map(\.bitPattern))
            }
        }
    }

    @Test(arguments: KernelTwin.all)
    func aNumberThatIsNoneReachesItsOwnRowOnly(_ twin: KernelTwin) {
        for element in [gemma_f32, gemma_bf16, gemma_q8_0] {
            var weights = StoredMatrix(element, rows: 6, columns: 96)
            // All bits set are a NaN in F32, in BF16, and in the half that scales a block of Q8_0.
            weights.overwriteBlock(row: 4, with: 0xFF)
            for tokens in [1, 5] {
                let output = twin.product(weights, tokens: tokens, input: .init(repeating: 0, count: tokens * 96))
                for (index, value) in output.enumerated() { #expect(value.isNaN == (index % 6 == 4)) }
            }
        }
    }
}
