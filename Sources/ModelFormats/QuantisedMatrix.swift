/// A matrix [rows, columns] stored as small codes with a scale for each group of them:
/// w = factor * scale * value(code) + bias. All shapes have been checked.
package struct QuantisedMatrix: Sendable {
    /// How codes lie in a row's bytes.
    package enum Packing: Sendable, Equatable {
        /// A stream of bits, the lowest of the first byte first; 2, 3, 4, 5, 6 or 8 bits a code.
        case stream(bits: Int)
        /// Two to a byte, the high half first, without regard to rows.
        case highNibbleFirst
    }

    /// What a code stands for.
    package enum Values: Sendable, Equatable {
        /// The code minus `offset`.
        case unsigned(offset: Int)
        /// A byte of two's complement.
        case signed
        /// 4 bits: 1 sign, 2 exponent, 1 mantissa (OCP MX).
        case e2m1
        /// A byte: 1 sign, 4 exponent, 3 mantissa, no infinities (OCP FP8).
        case e4m3
        /// F32 numbers in a tensor of the file.
        case table(Tensor)
    }

    /// Scales that are stored as codes themselves: scale = map[code] * absmax[block of scales] + offset.
    package struct Nested: Sendable {
        package let map: Tensor  // [256]
        package let absmax: Tensor
        package let block: Int
        package let offset: Double
    }

    package let codes: Tensor
    package let packing: Packing
    package let values: Values
    package let rows, columns: Int
    package let scales: Tensor
    /// U8 scales that are powers of two, 2^(byte - 127) (OCP E8M0), or FP8 (E4M3): what the bytes are.
    package let scaleElement: TensorElement
    package let factor: Double
    package let biases: Tensor?
    package let nested: Nested?
    /// Numbers that share a scale: `group` neighbours in each of `groupRows` rows, or of the matrix read row after row.
    package let group: Int
    package let groupRows: Int
    package let groupsCrossRows: Bool

    init(
        codes: Tensor, packing: Packing, values: Values, rows: Int, columns: Int, scales: Tensor,
        scaleElement: TensorElement? = nil, factor: Double = 1, biases: Tensor? = nil, nested: Nested? = nil,
        group: Int, groupRows: Int = 1, groupsCrossRows: Bool = false
    ) {
        self.codes = codes
        self.packing = packing
        self.values = values
        self.rows = rows
        self.columns = columns
        self.scales = scales
        self.scaleElement = scaleElement ?? scales.element
        self.factor = factor
        self.biases = biases
        self.nested = nested
        self.group = group
        self.groupRows = groupRows
        self.groupsCrossRows = groupsCrossRows
    }
}

/// Reads the quantised matrices of one method out of a model's tensors.
struct QuantisationReader {
    let method: QuantisationMethod
    let tensors: ModelTensors
    var settings: JSONObject { method.settings ?? JSONObject() }

    /// The matrices by the name of the tensor in whose place they stand.
    func matrices() throws -> [(name: String, matrix: QuantisedMatrix)] {
        let read: (String, Tensor) throws -> QuantisedMatrix?
        switch method.name {
        case "mlx": read = mlx
        case "bitsandbytes": read = bitsAndBytes
        case "compressed-tensors": read = compressedTensors
        case "fp8": read = fineGrainedFP8
        default: return []
        }
        return try tensors.tensors.compactMap { tensor, _ in
            let ending = tensor.name.hasSuffix(".weight_packed") ? ".weight_packed" : ".weight"
            guard tensor.name.hasSuffix(ending) else { return nil }
            let module = String(tensor.name.dropLast(ending.utf8.count))
            return try read(module, tensor).map { (module + ".weight", $0) }
        }
    }

    func fault(_ tensor: Tensor, _ expected: String, _ got: String) -> ModelFormatError {
        .malformedSafetensors(
            file: file(of: tensor), tensor: tensor.name, field: "\(method.name) weights", expected: expected, got: got)
    }

    func refuse(_ tensor: Tensor, _ reason: String) -> ModelFormatError {
        method.refusal(file: file(of: tensor), "\(printable(tensor.name)): \(reason)")
    }

    private func file(of tensor: Tensor) -> String {
        tensors[tensor.name].map { tensors.files[$0.file].name } ?? "model.safetensors"
    }

    /// A part of a matrix that must be there, of one of these types.
    func part(_ name: String, of tensor: Tensor, _ elements: Set<TensorElement>) throws -> Tensor {
        guard let found = tensors[name]?.tensor else { throw fault(tensor, "\(name) beside it", "no such tensor") }
        guard elements.contains(found.element) else {
            throw fault(
                found, "one of \(elements.map(\.rawValue).sorted().joined(separator: ", "))", found.element.rawValue)
        }
        return found
    }

    static let floats: Set<TensorElement> = [.f32, .f16, .bf16]

    /// The two dimensions of a matrix.
    func dimensions(_ tensor: Tensor) throws -> (rows: Int, columns: Int) {
        guard tensor.shape.count == 2, tensor.shape.allSatisfy({ $0 > 0 }) else {
            throw refuse(tensor, "a tensor of shape \(tensor.shape) is not computed in this form, a matrix is")
        }
        return (tensor.shape[0], tensor.shape[1])
    }

    /// The columns that `words` 32-bit words of a row hold.
    func columns(_ tensor: Tensor, words: Int, bits: Int) throws -> Int {
        guard words <= 1 << 24, words * 32 % bits == 0 else {
            throw fault(tensor, "a whole number of codes of \(bits) bits in a row", "\(words) words")
        }
        return words * 32 / bits
    }
}
