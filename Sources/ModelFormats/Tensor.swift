/// How a tensor's numbers are stored; the raw value is the name in a safetensors header, or ggml's for GGUF's types.
package enum TensorElement: String, CaseIterable, Codable, Sendable {
    case bool = "BOOL"
    case f4 = "F4", f6e2m3 = "F6_E2M3", f6e3m2 = "F6_E3M2"
    case u8 = "U8", i8 = "I8", f8e5m2 = "F8_E5M2", f8e4m3 = "F8_E4M3", f8e8m0 = "F8_E8M0"
    case u16 = "U16", i16 = "I16", f16 = "F16", bf16 = "BF16"
    case u32 = "U32", i32 = "I32", f32 = "F32"
    case u64 = "U64", i64 = "I64", f64 = "F64", c64 = "C64"
    // swift-format-ignore: AlwaysUseLowerCamelCase, ggml's own spelling
    case q4_0 = "Q4_0", q4_1 = "Q4_1", q5_0 = "Q5_0", q5_1 = "Q5_1", q8_0 = "Q8_0"
    case q2K = "Q2_K", q3K = "Q3_K", q4K = "Q4_K", q5K = "Q5_K", q6K = "Q6_K"
    case iq4NL = "IQ4_NL", iq4XS = "IQ4_XS"

    /// The numbers that are stored together: how many, and in how many bits.
    package var block: (elements: Int, bits: Int) {
        switch self {
        case .f4: (1, 4)
        case .f6e2m3, .f6e3m2: (1, 6)
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0: (1, 8)
        case .u16, .i16, .f16, .bf16: (1, 16)
        case .u32, .i32, .f32: (1, 32)
        case .u64, .i64, .f64, .c64: (1, 64)
        case .q4_0, .iq4NL: (32, 18 * 8)
        case .q4_1: (32, 20 * 8)
        case .q5_0: (32, 22 * 8)
        case .q5_1: (32, 24 * 8)
        case .q8_0: (32, 34 * 8)
        case .q2K: (256, 84 * 8)
        case .q3K: (256, 110 * 8)
        case .q4K: (256, 144 * 8)
        case .q5K: (256, 176 * 8)
        case .q6K: (256, 210 * 8)
        case .iq4XS: (256, 136 * 8)
        }
    }

    /// The types that a safetensors header may name: those whose numbers stand alone.
    package static let safetensors = allCases.filter { $0.block.elements == 1 }
}

/// One tensor of a weight file. Every number has been checked against the file's size.
package struct Tensor: Equatable, Sendable {
    package let name: String
    package let element: TensorElement
    /// Rows first: a linear layer's weight is [out, in]. The last dimension is a whole number of blocks.
    package let shape: [Int]
    /// Where its bytes lie, counted from the start of the file. Not aligned to anything.
    package let range: Range<Int>

    package var elementCount: Int { range.count * 8 / element.block.bits * element.block.elements }
}
