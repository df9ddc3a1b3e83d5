import Foundation

/// Numbers of a random model: the same for a seed whatever the file they are stored in.
struct RandomWeights: Sendable {
    let seed: UInt64

    /// Fills `numbers` with those of a tensor from `first` on: BF16 values, widened. A multiple of 4 at a time.
    func fill(_ numbers: UnsafeMutableBufferPointer<Float>, tensor: Int, isNorm: Bool, from first: Int) {
        // Uniform with a standard deviation of 0.02, what Gemma's initializer_range says; norms a little off 0.
        let scale = Float(0.02 * 3.0.squareRoot() / 32768) * (isNorm ? 5 : 1)
        let stream = Self.mixed(seed &+ UInt64(tensor) &* 0x9E37_79B9_7F4A_7C15)
        for group in 0..<(numbers.count / 4) {
            var bits = Self.mixed(stream &+ UInt64(first / 4 + group))
            for place in 0..<4 {
                let value = Float(Int16(truncatingIfNeeded: bits)) * scale
                numbers[4 * group + place] = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
                bits >>= 16
            }
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    @inline(__always)
    static func mixed(_ counter: UInt64) -> UInt64 {
        var z = counter &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// How numbers are stored in the files of a benchmark.
enum StoredType: String, CaseIterable, Sendable {
    case f32 = "F32", bf16 = "BF16", q8 = "Q8_0", q4 = "Q4_0"

    /// ggml's number for it.
    var ggmlType: UInt32 {
        switch self {
        case .f32: 0
        case .q4: 2
        case .q8: 8
        case .bf16: 30
        }
    }

    /// `count` is a multiple of 32.
    func byteCount(_ count: Int) -> Int {
        switch self {
        case .f32: count * 4
        case .bf16: count * 2
        case .q8: count / 32 * 34
        case .q4: count / 32 * 18
        }
    }

    /// Stores a multiple of 32 numbers, as ggml's reference quantisers do.
    func store(_ numbers: UnsafeBufferPointer<Float>, in bytes: UnsafeMutableRawPointer) {
        switch self {
        case .f32:
            for index in numbers.indices {
                bytes.storeBytes(of: numbers[index], toByteOffset: 4 * index, as: Float.self)
            }
        case .bf16:
            for index in numbers.indices {
                bytes.storeBytes(
                    of: UInt16(truncatingIfNeeded: numbers[index].bitPattern >> 16), toByteOffset: 2 * index,
                    as: UInt16.self)
            }
        case .q8:
            for block in 0..<(numbers.count / 32) {
                Self.storeQ8(
                    UnsafeBufferPointer(rebasing: numbers[(32 * block)..<(32 * block + 32)]), bytes + 34 * block)
            }
        case .q4:
            for block in 0..<(numbers.count / 32) {
                Self.storeQ4(
                    UnsafeBufferPointer(rebasing: numbers[(32 * block)..<(32 * block + 32)]), bytes + 18 * block)
            }
        }
    }

    private static func storeQ8(_ block: UnsafeBufferPointer<Float>, _ bytes: UnsafeMutableRawPointer) {
        var largest: Float = 0
        for index in 0..<32 { largest = max(largest, abs(block[index])) }
        let scale = largest / 127, inverse = scale == 0 ? 0 : 1 / scale
        bytes.storeBytes(of: Float16(scale).bitPattern, as: UInt16.self)
        for index in 0..<32 {
            let rounded = (block[index] * inverse).rounded(.toNearestOrAwayFromZero)
            bytes.storeBytes(of: Int8(rounded), toByteOffset: 2 + index, as: Int8.self)
        }
    }

    private static func storeQ4(_ block: UnsafeBufferPointer<Float>, _ bytes: UnsafeMutableRawPointer) {
        var extreme: Float = 0
        for index in 0..<32 where abs(block[index]) > abs(extreme) { extreme = block[index] }
        let scale = extreme / -8, inverse = scale == 0 ? 0 : 1 / scale
        bytes.storeBytes(of: Float16(scale).bitPattern, as: UInt16.self)
        func quantum(_ index: Int) -> UInt8 { UInt8(min(15, max(0, block[index] * inverse + 8.5))) }
        for index in 0..<16 {
            bytes.storeBytes(of: quantum(index) | quantum(index + 16) << 4, toByteOffset: 2 + index, as: UInt8.self)
        }
    }
}
