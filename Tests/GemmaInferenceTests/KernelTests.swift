import CGemmaKernels
import Foundation
import Testing

/// Every vector kernel against its scalar twin on random input. Where the machine has no AVX2 the two are one.
@Suite struct KernelTests {
    private let scalar: UnsafePointer<gemma_kernels> = gemma_scalar_kernels()
    private let fast: UnsafePointer<gemma_kernels> = gemma_fastest_kernels()

    /// Random numbers stored as an element type, at an odd address, with their F32 values.
    private func stored(_ count: Int, _ element: gemma_element) -> (bytes: [UInt8], values: [Float]) {
        var bytes: [UInt8] = [0]
        for _ in 0..<count {
            let value = Float.random(in: -2...2)
            switch element {
            case gemma_f32: bytes += f32Bytes(value)
            case gemma_bf16: bytes += bf16Bytes(value)
            default:
                // Any finite half, subnormals included.
                let half = UInt16.random(in: 0...0x4400) | (Bool.random() ? 0x8000 : 0)
                bytes += [UInt8(truncatingIfNeeded: half), UInt8(half >> 8)]
            }
        }
        var values = [Float](repeating: 0, count: count)
        bytes.withUnsafeBytes {
            var row = gemma_matrix(
                values: $0.baseAddress.map { $0 + 1 }, element: element, rows: 1, columns: count, row_bytes: 0)
            gemma_scalar_kernels().pointee.expand(&row, 0, &values)
        }
        return (bytes, values)
    }

    private func product(
        _ kernels: UnsafePointer<gemma_kernels>, _ weights: [UInt8], _ element: gemma_element, rows: Int, columns: Int,
        tokens: Int, input: [Float]
    ) -> [Float] {
        var output = [Float](repeating: .nan, count: tokens * rows)
        weights.withUnsafeBytes { weights in
            input.withUnsafeBufferPointer { input in
                output.withUnsafeMutableBufferPointer { output in
                    let matrix = gemma_matrix(
                        values: weights.baseAddress.map { $0 + 1 }, element: element, rows: rows, columns: columns,
                        row_bytes: columns * (element == gemma_f32 ? 4 : 2))
                    var job = gemma_product(
                        weights: matrix, tokens: tokens, input: input.baseAddress, output: output.baseAddress,
                        output_stride: rows)
                    kernels.pointee.product(&job, 0, rows, nil)
                }
            }
        }
        return output
    }

    @Test(
        arguments: [gemma_bf16, gemma_f16, gemma_f32], [(1, 1), (3, 7), (4, 8), (5, 16), (9, 33), (64, 96), (7, 257)])
    func productsEqualTheScalarTwin(_ element: gemma_element, _ size: (Int, Int)) {
        let (rows, columns) = size
        let (weights, values) = stored(rows * columns, element)
        for tokens in [1, 2, 3, 4, 5, 16] {
            let input = (0..<(tokens * columns)).map { _ in Float.random(in: -1...1) }
            let fastest = product(fast, weights, element, rows: rows, columns: columns, tokens: tokens, input: input)
            let plain = product(scalar, weights, element, rows: rows, columns: columns, tokens: tokens, input: input)
            for token in 0..<tokens {
                for row in 0..<rows {
                    let terms = (0..<columns).map {
                        Double(values[row * columns + $0]) * Double(input[token * columns + $0])
                    }
                    let exact = terms.reduce(0, +), bound = 1e-6 * terms.reduce(1) { $0 + abs($1) }
                    #expect(abs(Double(fastest[token * rows + row]) - exact) <= bound)
                    #expect(abs(Double(plain[token * rows + row]) - exact) <= bound)
                }
            }
        }
    }

    @Test func aTokenGivesTheSameBitsAloneAndInABlock() {
        let (weights, _) = stored(37 * 129, gemma_bf16)
        let input = (0..<(16 * 129)).map { _ in Float.random(in: -1...1) }
        let block = product(fast, weights, gemma_bf16, rows: 37, columns: 129, tokens: 16, input: input)
        for token in 0..<16 {
            let alone = product(
                fast, weights, gemma_bf16, rows: 37, columns: 129, tokens: 1,
                input: Array(input[(token * 129)..<((token + 1) * 129)]))
            #expect(alone.map(\.bitPattern) == block[(token * 37)..<((token + 1) * 37)].map(\.bitPattern))
        }
    }

    @Test(arguments: [1, 7, 8, 9, 1000])
    func elementwiseKernelsEqualTheScalarTwin(_ count: Int) {
        let values = (0..<count).map { _ in Float.random(in: -12...12) },
            others = (0..<count).map { _ in Float.random(in: -2...2) }
        for kernels in [scalar, fast] {
            var gate = values
            kernels.pointee.gated_gelu(&gate, others, count)
            for index in 0..<count {
                let z = Double(values[index])
                let exact =
                    0.5 * z * (1 + tanh(0.7978845608028654 * (z + 0.044715 * z * z * z))) * Double(others[index])
                #expect(abs(Double(gate[index]) - exact) < 2e-6 * max(1, abs(exact)))
            }
            var weights = values
            kernels.pointee.softmax(&weights, count)
            let greatest = Double(values.max() ?? 0), sum = values.reduce(0.0) { $0 + exp(Double($1) - greatest) }
            for index in 0..<count {
                #expect(abs(Double(weights[index]) - exp(Double(values[index]) - greatest) / sum) < 1e-6)
            }
            let measured = kernels.pointee.sum_of_exponentials(values, Float(greatest), count)
            #expect(abs(measured - sum) < 1e-6 * sum)
            var total = others
            kernels.pointee.add_scaled(&total, values, 0.25, count)
            for index in 0..<count { #expect(abs(total[index] - (others[index] + 0.25 * values[index])) < 1e-6) }
        }
    }

    @Test func geluKeepsItsTails() {
        var gate: [Float] = [-1000, -50, 0, 50, 1000, -1e30, 1e30]
        let ones = [Float](repeating: 1, count: 7)
        fast.pointee.gated_gelu(&gate, ones, 7)
        #expect(gate[0].magnitude < 1e-30 && gate[1].magnitude < 1e-30 && gate[2] == 0)
        #expect(gate[3] == 50 && gate[4] == 1000)
        #expect(gate[5].magnitude < 1e-3 && gate[6] == 1e30)
    }

    @Test func notANumberSurvivesEveryKernel() {
        for kernels in [scalar, fast] {
            var gate: [Float] = [1, .nan, 2]
            kernels.pointee.gated_gelu(&gate, [1, 1, 1], 3)
            #expect(gate[1].isNaN && !gate[0].isNaN)
            var weights: [Float] = [1, .nan, 2]
            kernels.pointee.softmax(&weights, 3)
            #expect(weights.contains { $0.isNaN })
        }
    }

    @Test(arguments: [gemma_bf16, gemma_f16, gemma_f32], [1, 8, 4095, 4096, 4097, 10_000])
    func scansEqualTheScalarTwin(_ element: gemma_element, _ count: Int) {
        var (bytes, values) = stored(count, element)
        let width = element == gemma_f32 ? 4 : 2
        func put(_ pattern: [UInt8], at index: Int) {
            bytes.replaceSubrange((1 + index * width)..<(1 + (index + 1) * width), with: pattern)
        }
        func seen(_ kernels: UnsafePointer<gemma_kernels>) -> gemma_scan {
            bytes.withUnsafeBytes { kernels.pointee.scan($0.baseAddress.map { $0 + 1 }, element, count) }
        }
        for kernels in [scalar, fast] {
            let scan = seen(kernels)
            #expect(scan.nan_count == 0 && scan.infinity_count == 0)
            #expect(scan.largest_magnitude == values.map(\.magnitude).max())
            #expect(scan.smallest_magnitude == values.map(\.magnitude).filter { $0 > 0 }.min() ?? 0)
            #expect(scan.zero_count == values.filter { $0 == 0 }.count)
        }
        let nan: [UInt8] =
            element == gemma_f32 ? [1, 0, 0x80, 0xFF] : element == gemma_bf16 ? [0xC0, 0x7F] : [0x01, 0x7C]
        let infinity: [UInt8] =
            element == gemma_f32 ? [0, 0, 0x80, 0x7F] : element == gemma_bf16 ? [0x80, 0xFF] : [0, 0x7C]
        put(nan, at: count - 1)
        if count > 1 { put(infinity, at: count / 2) }
        for kernels in [scalar, fast] {
            let scan = seen(kernels)
            #expect(scan.nan_count == 1 && scan.first_nan == count - 1)
            #expect(scan.infinity_count == (count > 1 ? 1 : 0))
            if count > 1 { #expect(scan.first_infinity == count / 2) }
        }
    }

    @Test func widensEveryHalf() {
        for bits in 0...UInt16.max {
            var value: Float = 0
            withUnsafeBytes(of: bits) {
                var row = gemma_matrix(
                    values: $0.baseAddress, element: gemma_f16, rows: 1, columns: 1, row_bytes: 2)
                scalar.pointee.expand(&row, 0, &value)
            }
            let sign: Float = bits & 0x8000 == 0 ? 1 : -1, exponent = Int(bits >> 10 & 0x1F),
                fraction = Float(bits & 0x3FF)
            if exponent == 31 {
                #expect(fraction == 0 ? value == sign * .infinity : value.isNaN)
            } else {
                let exact =
                    exponent == 0
                    ? sign * fraction * 0x1p-24
                    : sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
                #expect(value == exact)
            }
        }
    }
}
