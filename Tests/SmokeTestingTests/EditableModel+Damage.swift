import FixtureModels
import Foundation
import ModelFormats
import Testing

/// What goes wrong with the numbers of a checkpoint.
extension EditableModel {
    /// The tensors of a layer, or all.
    func names(of layer: Int?) throws -> [String] {
        try ModelTensors(reading: try files()).tensors.map(\.tensor.name).filter { name in
            layer.map { name.contains(".layers.\($0).") } ?? true
        }
    }

    func flip(_ tensor: String, at index: Int, bit: Int) throws {
        let bytes = try bytes(tensor)
        let stored = UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8
        try write(tensor, at: index, bits: stored ^ 1 << UInt16(bit))
    }

    func rms(_ tensor: String) throws -> Float {
        var sum: Float = 0, count: Float = 0
        try rewrite(tensor) {
            sum += $0 * $0
            count += 1
            return $0
        }
        return (sum / count).squareRoot()
    }

    func exchange(_ one: String, _ two: String) throws {
        let (first, second) = (try bytes(one), try bytes(two))
        try write(one, second)
        try write(two, first)
    }

    /// Puts other BF16 numbers in the places of a tensor's.
    func rewrite(_ tensor: String, _ change: (Float) -> Float) throws {
        var changed = Data()
        let bytes = try bytes(tensor)
        for index in 0..<(bytes.count / 2) {
            let bits = UInt32(bytes[2 * index]) << 16 | UInt32(bytes[2 * index + 1]) << 24
            changed += bf16Bytes(change(Float(bitPattern: bits)))
        }
        try write(tensor, changed)
    }

    func rewriteRow(_ tensor: String, _ row: Int, _ change: (Float) -> Float) throws {
        let columns = try columns(tensor)
        var index = 0
        try rewrite(tensor) { value in
            defer { index += 1 }
            return index / columns == row ? change(value) : value
        }
    }

    /// Puts at each row the row that `source` names.
    func permuteRows(_ tensor: String, _ source: (_ row: Int, _ count: Int) -> Int) throws {
        let bytes = try bytes(tensor), size = try 2 * columns(tensor), count = bytes.count / size
        var changed = Data()
        for row in 0..<count {
            let from = source(row, count) * size
            changed += bytes.subdata(in: from..<(from + size))
        }
        try write(tensor, changed)
    }

    private func columns(_ tensor: String) throws -> Int {
        try #require(ModelTensors(reading: try files())[tensor]?.tensor.shape.last)
    }
}
