/// Typed values of the architecture's namespace.
extension GGUFConfiguration {
    func fault(_ key: String, expected: String) -> ModelFormatError {
        .configuration(
            file: checkpoint.name, key: "\(architecture).\(key)", expected: expected,
            got: metadata["\(architecture).\(key)"].map(metadata.summary) ?? "nothing")
    }

    /// The value of a key of the architecture's namespace.
    mutating func value(_ key: String) -> GGUFValue? {
        keysRead.insert(key)
        return metadata["\(architecture).\(key)"]
    }

    mutating func integer(_ key: String) throws -> Int? {
        switch value(key) {
        case nil: return nil
        case .integer(let integer): return integer
        default: throw fault(key, expected: "a whole number")
        }
    }

    mutating func required(_ key: String) throws -> Int {
        guard let integer = try integer(key) else { throw fault(key, expected: "a whole number") }
        return integer
    }

    mutating func number(_ key: String) throws -> Double? {
        switch value(key) {
        case nil: return nil
        case .integer(let integer): return Double(integer)
        case .number(let number) where number.isFinite: return number
        default: throw fault(key, expected: "a number")
        }
    }

    mutating func requiredNumber(_ key: String) throws -> Double {
        guard let number = try number(key) else { throw fault(key, expected: "a number") }
        return number
    }

    mutating func boolean(_ key: String) throws -> Bool? {
        switch value(key) {
        case nil: return nil
        case .boolean(let flag): return flag
        default: throw fault(key, expected: "true or false")
        }
    }

    mutating func string(_ key: String) throws -> String? {
        switch value(key) {
        case nil: return nil
        case .string(let range): return metadata.text(range)
        default: throw fault(key, expected: "a string")
        }
    }

    /// One whole number per layer, from a number or a list.
    mutating func perLayer(_ key: String) throws -> [Int]? {
        guard let value = value(key) else { return nil }
        if case .integer(let integer) = value { return Array(repeating: integer, count: layerCount) }
        guard let numbers = metadata.numbers(value), numbers.count == layerCount else {
            throw fault(key, expected: "a whole number, or a list of \(layerCount), one per layer")
        }
        return try numbers.map {
            guard let integer = Int(exactly: $0) else { throw fault(key, expected: "whole numbers") }
            return integer
        }
    }

    /// A whole number that holds for all layers, also written as a list.
    mutating func uniform(_ key: String) throws -> Int? {
        guard let all = try perLayer(key) else { return nil }
        guard all.allSatisfy({ $0 == all[0] }) else { throw fault(key, expected: "the same number for all layers") }
        return all[0]
    }

    func shape(of tensor: String, rank: Int) throws -> [Int] {
        guard let shape = checkpoint.tensor(tensor)?.tensor.shape, shape.count == rank else {
            throw ModelFormatError.configuration(
                file: checkpoint.name, key: tensor, expected: "a tensor of \(rank) dimensions",
                got: checkpoint.tensor(tensor).map { "\($0.tensor.shape)" } ?? "no such tensor")
        }
        return shape
    }
}
