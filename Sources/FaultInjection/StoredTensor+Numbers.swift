import ModelFormats

extension WeightFile.StoredTensor {
    /// The numbers of a tensor whose numbers stand alone (BF16, F16, F32).
    /// - Throws: `Fault.Inapplicable` for blocks and integers.
    var numbers: [Float] {
        get throws {
            switch element {
            case .bf16: words.map { Float(bitPattern: UInt32($0) << 16) }
            case .f16: words.map { Float(Float16(bitPattern: $0)) }
            case .f32:
                stride(from: 0, to: bytes.count - 3, by: 4).map { start in
                    Float(
                        bitPattern: UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8
                            | UInt32(bytes[start + 2]) << 16 | UInt32(bytes[start + 3]) << 24)
                }
            default: throw Fault.Inapplicable(description: "\(name) is stored as \(element.rawValue)")
            }
        }
    }

    private var words: [UInt16] {
        stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
    }

    /// Stores numbers in the tensor's own type, rounded to the nearest.
    mutating func store(_ numbers: [Float]) throws {
        switch element {
        case .bf16: bytes = numbers.flatMap { littleEndian(roundedToBF16($0)) }
        case .f16: bytes = numbers.flatMap { littleEndian(Float16($0).bitPattern) }
        case .f32: bytes = numbers.flatMap { littleEndian($0.bitPattern) }
        default: throw Fault.Inapplicable(description: "\(name) is stored as \(element.rawValue)")
        }
    }

    /// Stores numbers under another type.
    mutating func store(_ numbers: [Float], as other: TensorElement) throws {
        element = other
        try store(numbers)
    }

    /// Bytes of one row of a matrix, which is a whole number of blocks.
    var rowSize: Int { shape.count >= 2 && shape[0] > 0 ? bytes.count / shape[0] : bytes.count }

    /// The rows of a matrix.
    var rows: [[UInt8]] {
        get {
            guard rowSize > 0 else { return [] }
            return stride(from: 0, to: bytes.count, by: rowSize).map {
                Array(bytes[$0..<min($0 + rowSize, bytes.count)])
            }
        }
        set { bytes = newValue.flatMap { $0 } }
    }
}

private func roundedToBF16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard value.isFinite else { return UInt16(truncatingIfNeeded: bits >> 16) | (value.isNaN ? 1 : 0) }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
}
