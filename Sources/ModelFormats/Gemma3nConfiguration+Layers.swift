extension Gemma3nConfiguration {
    /// What the layers are: `layer_types` (else every fifth is full), `intermediate_size` (one number, or one per layer),
    /// `activation_sparsity_pattern` and `num_kv_shared_layers`.
    static func layers(_ text: inout ConfigurationReader) throws -> [Layer] {
        let count = try text.integer("num_hidden_layers", in: 1...1024) ?? 35
        let kinds =
            if let names = try text.strings("layer_types", nullable: true) {
                try text.attentionKinds(names, count: count)
            } else {
                (1...count).map { $0 % 5 == 0 ? AttentionKind.full : .sliding }
            }
        let widths = try intermediateSizes(&text, count: count)
        let sparsities = try sparsities(&text, count: count)
        let sources = try keyValueSources(&text, kinds)
        return (0..<count).map { index in
            Layer(
                kind: kinds[index], intermediateSize: widths[index], sparsity: sparsities[index],
                keyValueSource: sources[index])
        }
    }

    private static func intermediateSizes(_ text: inout ConfigurationReader, count: Int) throws -> [Int] {
        let key = "intermediate_size", bounds = 1...(1 << 20)
        guard case .array(let elements)? = try text.value(key) else {
            return Array(repeating: try text.integer(key, in: bounds) ?? 16_384, count: count)
        }
        guard elements.count == count else {
            throw text.fault(
                key, expected: "a number, or a list of \(count), one per layer", got: "a list of \(elements.count)")
        }
        return try elements.map { element in
            guard case .integer(let width) = element, bounds.contains(width) else {
                throw text.fault(
                    key, expected: "whole numbers from 1 to \(bounds.upperBound)",
                    got: "a list with \(element.summary)")
            }
            return width
        }
    }

    /// Null or absent: 0.95 in the first ten layers of a model that has more, as the class says.
    private static func sparsities(_ text: inout ConfigurationReader, count: Int) throws -> [Double] {
        let key = "activation_sparsity_pattern"
        guard let value = try text.value(key, nullable: true) else {
            return (0..<count).map { count > 10 && $0 < 10 ? 0.95 : 0 }
        }
        guard case .array(let elements) = value, elements.count == count else {
            throw text.fault(key, expected: "null or a list of \(count) numbers, one per layer", got: value.summary)
        }
        return try elements.map { element in
            let number: Double? =
                switch element {
                case .integer(let integer): Double(integer)
                case .number(let number): number
                default: nil
                }
            // In F32, where the quantile is taken: at both ends it is infinite.
            guard let number, number == 0 || abs(2 * Float(number) - 1) < 1 else {
                throw text.fault(
                    key, expected: "numbers from 0 on, below 1, in the precision of F32",
                    got: "a list with \(element.summary)")
            }
            return number
        }
    }

    /// The last `num_kv_shared_layers` layers attend to the keys and values of the last layer before them of their kind.
    private static func keyValueSources(_ text: inout ConfigurationReader, _ kinds: [AttentionKind]) throws -> [Int?] {
        let key = "num_kv_shared_layers"
        let stated = try text.integer(key, in: 0...1024), shared = stated ?? 15
        let owning = kinds.dropLast(shared)
        guard shared == 0 || Set(owning) == Set(kinds) else {
            throw text.fault(
                key, expected: "so few of \(kinds.count) layers that one of each kind keeps its own keys and values",
                got: stated.map { "\($0)" } ?? "\(shared), the default")
        }
        return kinds.indices.map { index in
            index < owning.endIndex ? nil : owning.lastIndex(of: kinds[index])
        }
    }

    static func altUp(_ text: inout ConfigurationReader) throws -> AltUp {
        let streams = try text.integer("altup_num_inputs", in: 1...64) ?? 4
        return AltUp(
            streams: streams, active: try text.integer("altup_active_idx", in: 0...(streams - 1)) ?? 0,
            scalesCorrectedOutput: try text.boolean("altup_correct_scale") ?? true)
    }
}
