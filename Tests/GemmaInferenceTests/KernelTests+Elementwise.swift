import CGemmaKernels
import Foundation
import Testing

extension KernelTests {
    @Test(arguments: KernelTwin.all, [1, 7, 8, 9, 17, 1000])
    func elementwiseKernelsEqualTheirFormulas(_ twin: KernelTwin, _ count: Int) {
        let values = (0..<count).map { _ in Float.random(in: -12...12) }
        let others = (0..<count).map { _ in Float.random(in: -2...2) }
        var gate = values
        twin.kernels.gated_gelu(&gate, others, count)
        for index in 0..<count {
            let z = Double(values[index])
            let exact = 0.5 * z * (1 + tanh(0.7978845608028654 * (z + 0.044715 * z * z * z))) * Double(others[index])
            #expect(abs(Double(gate[index]) - exact) < 2e-6 * max(1, abs(exact)))
        }
        var weights = values
        twin.kernels.softmax(&weights, count)
        let greatest = Double(values.max() ?? 0), sum = values.reduce(0.0) { $0 + exp(Double($1) - greatest) }
        for index in 0..<count {
            #expect(abs(Double(weights[index]) - exp(Double(values[index]) - greatest) / sum) < 1e-6)
        }
        #expect(abs(twin.kernels.sum_of_exponentials(values, Float(greatest), count) - sum) < 1e-6 * sum)
        let weighted = zip(values, others).reduce(0.0) { $0 + exp(Double($1.0) - greatest) * Double($1.1) }
        let product = twin.kernels.weighted_exponentials(values, Float(greatest), others, count)
        #expect(abs(product - weighted) < 2e-6 * sum)
        var total = others
        twin.kernels.add_scaled(&total, values, 0.25, count)
        for index in 0..<count { #expect(abs(total[index] - (others[index] + 0.25 * values[index])) < 1e-6) }
    }

    /// The error is relative to the value itself, so that small scores keep their digits.
    @Test(arguments: KernelTwin.all, [Float(1), 30, 50])
    func softcapEqualsTheHyperbolicTangentAtEverySize(_ twin: KernelTwin, _ cap: Float) {
        let values = (-90...30).flatMap { exponent in
            let power = exp(Float(exponent) / 3)
            return [cap * power, -cap * power]
        }
        var capped = values
        twin.kernels.softcap(&capped, cap, capped.count)
        for (value, result) in zip(values, capped) {
            let exact = Double(cap) * tanh(Double(value) / Double(cap))
            #expect(abs(Double(result) - exact) <= 2.5e-7 * abs(exact))
        }
        var ends: [Float] = [0, .infinity, -.infinity, .greatestFiniteMagnitude, .nan]
        twin.kernels.softcap(&ends, cap, ends.count)
        #expect(ends[0] == 0 && ends[1] == cap && ends[2] == -cap && ends[3] == cap && ends[4].isNaN)
    }

    @Test(arguments: KernelTwin.all)
    func geluKeepsItsTails(_ twin: KernelTwin) {
        var gate: [Float] = [-1000, -50, 0, 50, 1000, -1e30, 1e30]
        twin.kernels.gated_gelu(&gate, [Float](repeating: 1, count: 7), 7)
        #expect(gate[0].magnitude < 1e-30 && gate[1].magnitude < 1e-30 && gate[2] == 0)
        #expect(gate[3] == 50 && gate[4] == 1000)
        #expect(gate[5].magnitude < 1e-3 && gate[6] == 1e30)
    }

    /// Whatever its payload: the exponential is made of bits.
    @Test(arguments: KernelTwin.all, [0x7FC0_0000, 0xFFC0_0001, 0x7F80_0001, 0xFFFF_FFFF] as [UInt32])
    func notANumberSurvivesEveryKernel(_ twin: KernelTwin, _ bits: UInt32) {
        for index in [0, 7, 20] {
            var values = [Float](repeating: 1, count: 21)
            values[index] = Float(bitPattern: bits)
            var gate = values, weights = values, capped = values
            twin.kernels.gated_gelu(&gate, [Float](repeating: 1, count: 21), 21)
            twin.kernels.softmax(&weights, 21)
            twin.kernels.softcap(&capped, 30, 21)
            #expect(gate.indices.allSatisfy { gate[$0].isNaN == ($0 == index) })
            #expect(capped.indices.allSatisfy { capped[$0].isNaN == ($0 == index) })
            #expect(weights.contains { $0.isNaN })
        }
    }
}
