/// The tensors that a configuration implies, by their names in the file.
package struct ExpectedTensors: Sendable {
    package struct Expected: Equatable, Sendable {
        package let name: String
        package let shape: [Int]
    }

    /// The part of all names before `embed_tokens.weight`.
    package let prefix: String
    package let required: [Expected]
    /// Where an output head of its own may be, the one that counts first; with `tiesWordEmbeddings` it may be absent.
    package let headNames: [String]
    /// Whether the output head is meant to be the embedding, stored a second time or not.
    package let tiesWordEmbeddings: Bool
    /// Present in some uploads, not needed: a tied lm_head is compared, towers and projectors are ignored.
    package let knownExtras: [String]

    /// Finds the prefix under which a class of transformers would find its weights, and adds the output head: under any
    /// other name it leaves the weights random, so a model that only we could load does not pass here.
    init(
        in tensors: ModelTensors, modelType: String, prefixes: [String], vocabularySize: Int, hiddenSize: Int,
        headNames: [String], tiesWordEmbeddings: Bool, knownExtras: [String] = [],
        layers: (_ prefix: String) -> [Expected]
    ) throws {
        guard let prefix = prefixes.first(where: { tensors.holds($0 + "embed_tokens.weight") }) else {
            throw ModelFormatError.malformedSafetensors(
                file: tensors.files.first?.name ?? "model.safetensors", tensor: prefixes[0] + "embed_tokens.weight",
                field: "tensor", expected: "to be present, as \(modelType) needs", got: "no such name")
        }
        // A tied head stored all the same: transformers uses it when its values differ from the embedding.
        let stored = headNames.filter { tensors.holds($0) }
        let heads = stored.isEmpty && !tiesWordEmbeddings ? [headNames[0]] : stored
        self.prefix = prefix
        self.headNames = headNames
        self.tiesWordEmbeddings = tiesWordEmbeddings
        self.knownExtras = knownExtras
        required =
            [
                Expected(name: prefix + "embed_tokens.weight", shape: [vocabularySize, hiddenSize]),
                Expected(name: prefix + "norm.weight", shape: [hiddenSize]),
            ] + layers(prefix) + heads.map { Expected(name: $0, shape: [vocabularySize, hiddenSize]) }
    }

    /// Another list in the place of `other`'s.
    init(_ other: ExpectedTensors, required: [Expected], knownExtras: [String]) {
        prefix = other.prefix
        headNames = other.headNames
        tiesWordEmbeddings = other.tiesWordEmbeddings
        self.required = required
        self.knownExtras = knownExtras
    }

    /// What a comparison with the tensors present found.
    package struct Comparison: Sendable {
        package var missing: [Expected] = []
        package var misshapen: [(expected: Expected, got: [Int])] = []
        /// Required tensors stored in a type that the forward pass does not read.
        package var unreadable: [(name: String, element: TensorElement)] = []
        /// Neither required nor a known extra.
        package var unexpected: [String] = []
    }

    /// The types that the forward pass reads.
    package static let readableElements: Set<TensorElement> = [
        .bf16, .f16, .f32, .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2K, .q3K, .q4K, .q5K, .q6K, .iq4NL, .iq4XS,
    ]

    /// Whether a tensor is named as one of the model's layers, and its number is beyond the last that is required.
    package func isBeyondLayers(_ name: String) -> Bool {
        guard let (stack, number) = Self.layer(of: name) else { return false }
        let last = required.compactMap { Self.layer(of: $0.name) }.filter { $0.stack == stack }.map(\.number).max()
        return last.map { number > $0 } ?? false
    }

    /// `model.layers.` and 12, of `model.layers.12.mlp.up_proj.weight`.
    private static func layer(of name: String) -> (stack: String, number: Int)? {
        guard let mark = name.firstRange(of: "layers.") else { return nil }
        let digits = name[mark.upperBound...].prefix { $0.isASCII && $0.isNumber }
        return Int(digits).map { (String(name[..<mark.upperBound]), $0) }
    }

    package func compared(with tensors: ModelTensors) -> Comparison {
        var comparison = Comparison()
        for expected in required {
            if let matrix = tensors.quantisedMatrix(expected.name) {
                let shape = [matrix.rows, matrix.columns]
                if shape != expected.shape { comparison.misshapen.append((expected, shape)) }
                continue
            }
            guard let found = tensors[expected.name]?.tensor else {
                comparison.missing.append(expected)
                continue
            }
            if found.shape != expected.shape { comparison.misshapen.append((expected, found.shape)) }
            if !Self.readableElements.contains(found.element) {
                comparison.unreadable.append((found.name, found.element))
            }
        }
        let names = Set(required.map { Array($0.name.utf8) })
        comparison.unexpected = tensors.tensors.map(\.tensor.name).filter { name in
            !names.contains(Array(name.utf8)) && !tensors.isPart(name)
                && !knownExtras.contains { name.utf8.starts(with: $0.utf8) }
        }
        return comparison
    }
}
