import ModelFormats

extension Fault {
    /// One value of one tensor, in one bit or as a whole: what a bad memory cell or cable leaves behind.
    static let bits: [Fault] = [
        flip("embedding", .embedding, layer: nil, bit: .high), flip("embedding", .embedding, layer: nil, bit: .middle),
        flip("q_proj", .query, layer: 1, bit: .high), flip("q_proj", .query, layer: 1, bit: .middle),
        flip("down_proj", .down, layer: 1, bit: .high), flip("down_proj", .down, layer: 1, bit: .middle),
        flip("norm", .inputNorm, layer: 1, bit: .high), flip("norm", .inputNorm, layer: 1, bit: .middle),
        flip("final-norm", .finalNorm, layer: nil, bit: .high),
        flip("down_proj", .down, layer: 1, bit: .sign), flip("down_proj", .down, layer: 1, bit: .mantissa),
        one("nan-value", "one NaN in layer 1's up_proj", .up, .nan),
        one("infinite-value", "one infinity in layer 1's v_proj", .value, .infinity),
        one("huge-value", "one value of 30,000 in layer 1's gate_proj", .gate, 30_000),
        Fault("bits-scattered", "one high exponent bit in each of 16 values of layer 2's o_proj") { copy in
            let name = try copy.name(.output, 2)
            try copy.change(name) { tensor in
                for number in 1...16 { try tensor.flip(.high, at: tensor.count * number / 17) }
            }
        },
    ]

    /// Which bit of a number.
    enum Bit: String { case sign, high, middle, mantissa }

    private static func flip(_ place: String, _ role: TensorRole, layer: Int?, bit: Bit) -> Fault {
        let part = bit == .sign ? "sign" : bit == .mantissa ? "highest mantissa" : "\(bit.rawValue) exponent"
        return Fault("bit-\(place)-\(bit.rawValue)", "the \(part) bit of one value of \(place) flipped") { copy in
            let name = try copy.name(role, layer)
            try copy.change(name) { try $0.flip(bit, at: $0.count / 2) }
        }
    }

    private static func one(_ name: String, _ what: String, _ role: TensorRole, _ value: Float) -> Fault {
        Fault(name, what) { copy in
            let tensor = try copy.name(role, 1)
            try copy.changeNumbers(tensor) { $0[$0.count / 3] = value }
        }
    }
}

extension WeightFile.StoredTensor {
    /// How many numbers, or blocks of numbers, are stored.
    var count: Int { bytes.count * 8 / element.block.bits }

    /// Flips a bit of one number; of a block's F16 scale where numbers are quantised.
    mutating func flip(_ bit: Fault.Bit, at index: Int) throws {
        let width = element.block.bits / 8, start = index * width
        // Bits above the lowest byte of the number: its sign, exponent and upper mantissa are in the last two bytes.
        let position: Int
        switch (element, bit) {
        case (_, .sign): position = 15
        case (_, .high): position = 14
        case (.bf16, .middle), (.f32, .middle): position = 10
        case (.bf16, .mantissa), (.f32, .mantissa): position = 6
        case (_, .middle): position = 12
        case (_, .mantissa): position = 9
        }
        let isBlock = element.block.elements > 1
        let low = isBlock ? start : start + width - 2
        guard low >= 0, low + 1 < bytes.count, element != .q2K, element != .q3K, element != .q6K else {
            throw Fault.Inapplicable(description: "\(name) is stored as \(element.rawValue)")
        }
        if position >= 8 { bytes[low + 1] ^= 1 << (position - 8) } else { bytes[low] ^= 1 << position }
    }
}
