import CGemmaKernels
import FixtureModels
import Foundation
import Testing

/// Blocks of libggml with the numbers that its own to_float reads in them (Tests/Fixtures/Blocks/make_blocks.py).
private struct BlockGolden: Decodable {
    struct Case: Decodable {
        let source: String
        let hex: String
        let f32Hex: String
    }
    let blockElements: Int
    let blockBytes: Int
    let cases: [Case]

    static func all() throws -> [String: BlockGolden] {
        let url = Fixtures.models.deletingLastPathComponent().appending(path: "Blocks/blocks.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([String: BlockGolden].self, from: Data(contentsOf: url))
    }
}

private func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.utf8.map { UInt8(ascii: "a") <= $0 ? $0 - 87 : $0 - 48 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

extension KernelTests {
    static let quantised = [
        "Q4_0": gemma_q4_0, "Q4_1": gemma_q4_1, "Q5_0": gemma_q5_0, "Q5_1": gemma_q5_1, "Q8_0": gemma_q8_0,
        "Q2_K": gemma_q2_k, "Q3_K": gemma_q3_k, "Q4_K": gemma_q4_k, "Q5_K": gemma_q5_k, "Q6_K": gemma_q6_k,
        "IQ4_NL": gemma_iq4_nl, "IQ4_XS": gemma_iq4_xs,
    ]

    @Test(arguments: KernelTwin.all, quantised.keys.sorted())
    func blocksExpandToTheBitsThatLibggmlReads(_ twin: KernelTwin, _ name: String) throws {
        let golden = try #require(BlockGolden.all()[name]), element = try #require(Self.quantised[name])
        #expect(gemma_block_elements(element) == golden.blockElements)
        #expect(gemma_block_bytes(element) == golden.blockBytes)
        #expect(golden.cases.map(\.source) == ["quantised", "random"])
        for row in golden.cases {
            let blocks = bytes(row.hex), numbers = bytes(row.f32Hex)
            let wanted = stride(from: 0, to: numbers.count, by: 4).map { at in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(numbers[at + $1]) << (8 * $1) }
            }
            let stored = StoredMatrix(element, rows: 1, columns: wanted.count, blocks: blocks)
            #expect(twin.expand(stored).map(\.bitPattern) == wanted)
        }
    }

    /// Any bytes but for the scales, which are any finite half up to 1/16: signs of zeros and subnormals count.
    @Test(arguments: KernelTwin.all, elements)
    func rowsExpandToTheBitsOfTheScalarTwin(_ twin: KernelTwin, _ element: gemma_element) {
        for columns in Self.columns(element) {
            let stored = StoredMatrix(element, rows: 5, columns: columns)
            #expect(twin.expand(stored).map(\.bitPattern) == stored.values.map(\.bitPattern))
        }
    }

    @Test(arguments: KernelTwin.all)
    func expandsEveryHalf(_ twin: KernelTwin) {
        let halves = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        let values = twin.expand(StoredMatrix(gemma_f16, rows: 1, columns: 65536, blocks: halves))
        for bits in 0...UInt16.max {
            let value = values[Int(bits)], sign: Float = bits & 0x8000 == 0 ? 1 : -1
            let exponent = Int(bits >> 10 & 0x1F), fraction = Float(bits & 0x3FF)
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
