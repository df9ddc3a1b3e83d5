import ModelFormats
import RegistryCore

/// In how many bits the bulk of a model's numbers is stored: what a quantised file may lose depends on it.
struct StoredPrecision: Equatable {
    /// Bits per number, scales included: 8.5 for Q8_0, 4.5 for Q4_0 and Q4_K.
    let bits: Double
    /// What a person calls it.
    let name: String

    init(of tensors: ModelTensors) {
        let parts = tensors.tensors.map(\.tensor).filter { tensors.isPart($0.name) }
        let plain = tensors.tensors.map(\.tensor).filter { !tensors.isPart($0.name) }
        let packed = tensors.parameterCount - plain.reduce(0) { $0 + $1.elementCount }
        if packed > 0 {
            // Codes and scales of a method that keeps a matrix as several tensors.
            bits = Double(parts.reduce(0) { $0 + $1.range.count }) * 8 / Double(packed)
            name = "\(Quantity.fixed(bits, 1)) bits a number"
            return
        }
        let counts = Dictionary(plain.map { ($0.element, $0.elementCount) }, uniquingKeysWith: +)
        let bulk = counts.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key ?? .f32
        bits = Double(bulk.block.bits) / Double(bulk.block.elements)
        name = bulk.rawValue
    }

    /// What may be lost without a warning: mean KL divergence in nats, and the share of positions with another first.
    func bounds(_ bounds: SmokeTestBounds) -> (divergence: Double, sameTop: Double) {
        switch bits {
        case 14...: (bounds.warnDivergence16Bit, bounds.warnSameTop16Bit)
        case 7...: (bounds.warnDivergence8Bit, bounds.warnSameTop8Bit)
        case 6...: (bounds.warnDivergence6Bit, bounds.warnSameTop6Bit)
        case 5...: (bounds.warnDivergence5Bit, bounds.warnSameTop5Bit)
        case 4...: (bounds.warnDivergence4Bit, bounds.warnSameTop4Bit)
        case 3...: (bounds.warnDivergence3Bit, bounds.warnSameTop3Bit)
        default: (bounds.warnDivergence2Bit, bounds.warnSameTop2Bit)
        }
    }
}
