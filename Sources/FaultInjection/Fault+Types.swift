import ModelFormats

extension Fault {
    /// Numbers that went through another type.
    static let types: [Fault] = [
        Fault("cast-f16", "every tensor as F16: nothing overflows", isConversion: true) { copy in
            try copy.cast(to: .f16) { $0 }
        },
        Fault(
            "cast-f16-overflow", "an up_proj beyond F16's range, with a down_proj that makes up for it, as F16",
            isConversion: true
        ) {
            copy in
            // Exact in BF16: a power of two.
            let factor = Float(1 << 20)
            try copy.changeNumbers(copy.name(.up, 1)) { $0 = $0.map { $0 * factor } }
            try copy.changeNumbers(copy.name(.down, 1)) { $0 = $0.map { $0 / factor } }
            try copy.cast(to: .f16) { $0 }
        },
        Fault("cast-f8", "every matrix through F8_E4M3 without a scale, and back", isConversion: true) { copy in
            try copy.roundMatrices { $0.map(roundedToE4M3) }
        },
        Fault("cast-int4", "every matrix through 16 steps of one scale each, and back", isConversion: true) { copy in
            try copy.roundMatrices { numbers in
                let scale = (numbers.map(abs).max() ?? 0) / 7
                guard scale > 0 else { return numbers }
                return numbers.map { max(-8, min(7, ($0 / scale).rounded())) * scale }
            }
        },
        Fault("cast-int2", "every matrix through 3 steps of one scale each, and back", isConversion: true) { copy in
            try copy.roundMatrices { numbers in
                let scale = (numbers.map(abs).max() ?? 0) / 2
                guard scale > 0 else { return numbers }
                return numbers.map { max(-1, min(1, ($0 / scale).rounded())) * scale }
            }
        },
        Fault("type-mislabelled", "BF16 numbers announced as F16", isConversion: true) { copy in
            guard !copy.isGGUF else { throw Inapplicable(description: "GGUF files are not relabelled") }
            for name in copy.tensorNames {
                try copy.change(name) { tensor in
                    guard tensor.element == .bf16 else { throw Inapplicable(description: "\(name) is not BF16") }
                    tensor.element = .f16
                }
            }
        },
        Fault("type-unknown", "integers where numbers are expected") { copy in
            try copy.change(copy.name(.gate, 1)) { tensor in
                guard tensor.element == .bf16 else { throw Inapplicable(description: "\(tensor.name) is not BF16") }
                tensor.element = .i16
            }
        },
    ]

    /// The nearest of F8_E4M3's numbers; beyond 448 stays 448.
    static func roundedToE4M3(_ value: Float) -> Float {
        guard value != 0, value.isFinite else { return value }
        let magnitude = min(abs(value), 448), exponent = max(-6, magnitude.exponent)
        let step = Float(sign: .plus, exponent: exponent - 3, significand: 1)
        return (magnitude / step).rounded(.toNearestOrEven) * step * (value < 0 ? -1 : 1)
    }
}

extension CheckpointCopy {
    fileprivate func cast(to element: TensorElement, _ body: ([Float]) -> [Float]) throws {
        guard !isGGUF else { throw Fault.Inapplicable(description: "GGUF files are not cast") }
        for name in tensorNames { try change(name) { try $0.store(body($0.numbers), as: element) } }
    }

    fileprivate func roundMatrices(_ body: ([Float]) -> [Float]) throws {
        for name in tensorNames where try tensor(name).shape.count == 2 { try changeNumbers(name) { $0 = body($0) } }
    }
}
