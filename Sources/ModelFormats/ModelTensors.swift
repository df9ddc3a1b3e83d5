/// All tensors of a model, across its weight files. The headers agree with their files and with the shard index.
package struct ModelTensors: Sendable {
    /// The weight files, in the order of the index (or the single model.safetensors), open for mapping.
    package let files: [ReadableFile]
    /// Tensor names and where each lies, in order of file and data.
    package let tensors: [(tensor: Tensor, file: Int)]
    /// What kind of files hold the tensors.
    package let container: Container
    /// Whether the norms of Gemma 1 to 3 are stored as the factors themselves, 1 + w (GGUF), not as w.
    package let normsAreScales: Bool
    private let positions: [[UInt8]: Int]
    /// Of a GGUF: what the file calls each of `tensors`.
    private let storedNames: [String]
    /// Matrices that a method of quantisation stores as several tensors, by the name in whose place they stand.
    private var quantised: [[UInt8]: QuantisedMatrix] = [:]

    package enum Container: String, Sendable { case safetensors, gguf }

    package subscript(_ name: String) -> (tensor: Tensor, file: Int)? {
        positions[Array(name.utf8)].map { tensors[$0] }
    }

    /// What the file calls a tensor of this model, for messages: `blk.3.attn_q.weight` in a GGUF.
    package func storedName(_ name: String) -> String {
        guard !storedNames.isEmpty, let position = positions[Array(name.utf8)] else { return name }
        return storedNames[position]
    }

    /// Whether there is such a tensor, or a quantised matrix in its place.
    package func holds(_ name: String) -> Bool { self[name] != nil || quantisedMatrix(name) != nil }

    /// The matrix that stands in the place of a tensor of this name.
    package func quantisedMatrix(_ name: String) -> QuantisedMatrix? { quantised[Array(name.utf8)] }

    /// The names in whose places quantised matrices stand, in order of their bytes.
    package var quantisedNames: [String] {
        quantised.keys.sorted { $0.lexicographicallyPrecedes($1) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a tensor is part of a quantised matrix: of the same module, as `X.scales` is of `X.weight`.
    package func isPart(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return !quantised.isEmpty
            && bytes.indices.contains { index in
                bytes[index] == UInt8(ascii: ".") && quantised[bytes[..<index] + Array(".weight".utf8)] != nil
            }
    }

    mutating func adopt(_ matrix: QuantisedMatrix, as name: String) { quantised[Array(name.utf8)] = matrix }

    package var totalBytes: Int { tensors.reduce(0) { $0 + $1.tensor.range.count } }
    package var parameterCount: Int {
        let plain = tensors.reduce(0) { isPart($1.tensor.name) ? $0 : $0 + $1.tensor.elementCount }
        return quantised.values.reduce(plain) { $0 + $1.rows * $1.columns }
    }
    /// Element types in order of bytes held, largest first.
    package var elements: [TensorElement] {
        let sizes = Dictionary(tensors.map { ($0.tensor.element, $0.tensor.range.count) }, uniquingKeysWith: +)
        return sizes.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map(\.key)
    }

    /// Where the weights of a model are: the single file if there is one (as transformers looks), else the index, else
    /// the one GGUF model.
    package enum Layout: Sendable {
        case single(String)
        case sharded(ShardIndex)
        case gguf(GGUFModel)
    }

    package static func layout(of model: ModelFiles) throws -> Layout {
        if model["model.safetensors"] != nil { return .single("model.safetensors") }
        if model[ShardIndex.path] != nil {
            return .sharded(
                try ShardIndex(parsing: try model.open(ShardIndex.path).contents(limit: ShardIndex.maximumSize)))
        }
        guard GGUFModel.list(in: model).isEmpty else { return .gguf(try GGUFModel.only(in: model)) }
        throw ModelFormatError.unreadable(
            file: "model.safetensors",
            reason: "neither it nor \(ShardIndex.path) nor a GGUF file is among the files of this model")
    }

    package init(reading model: ModelFiles) throws {
        switch try Self.layout(of: model) {
        case .single(let path):
            let file = try model.open(path)
            try self.init(files: [file], headers: [try Safetensors(reading: file)], index: nil)
        case .sharded(let index):
            let files = try index.files.map { path in
                // Membership in the repository is what keeps `../../etc/passwd` out: paths are looked up, not joined.
                guard model[path] != nil else {
                    throw ModelFormatError.malformedIndex(
                        file: index.file, subject: "weight_map", expected: "files of this repository", got: quoted(path)
                    )
                }
                return try model.open(path)
            }
            try self.init(files: files, headers: try files.map { try Safetensors(reading: $0) }, index: index)
        case .gguf(let one):
            try self.init(try GGUFCheckpoint(reading: model, one))
        }
        try resolveQuantisation(try model.json(GemmaConfiguration.path)?.object, of: model)
    }

    /// The tensors of one safetensors file, whatever its name.
    package init(reading model: ModelFiles, file path: String) throws {
        let file = try model.open(path)
        try self.init(files: [file], headers: [try Safetensors(reading: file)], index: nil)
    }

    private init(files: [ReadableFile], headers: [Safetensors], index: ShardIndex?) throws {
        var tensors: [(tensor: Tensor, file: Int)] = [], positions: [[UInt8]: Int] = [:]
        for (number, header) in headers.enumerated() {
            for tensor in header.tensors {
                if let other = positions.updateValue(tensors.count, forKey: Array(tensor.name.utf8)) {
                    throw ModelFormatError.malformedIndex(
                        file: header.file, subject: tensor.name, expected: "to be in one weight file",
                        got: "also in \(files[tensors[other].file].name)")
                }
                tensors.append((tensor, number))
            }
        }
        self.init(
            files: files, tensors: tensors, positions: positions, container: .safetensors, storedNames: [],
            normsAreScales: false)
        if let index { try check(index) }
    }

    init(
        files: [ReadableFile], tensors: [(tensor: Tensor, file: Int)], positions: [[UInt8]: Int], container: Container,
        storedNames: [String], normsAreScales: Bool
    ) {
        self.files = files
        self.tensors = tensors
        self.positions = positions
        self.container = container
        self.storedNames = storedNames
        self.normsAreScales = normsAreScales
    }

    private func check(_ index: ShardIndex) throws {
        for (name, file) in index.tensors {
            guard let found = self[name] else {
                throw ModelFormatError.malformedIndex(
                    file: index.file, subject: name, expected: "to be in \(printable(file))", got: "no such tensor")
            }
            guard files[found.file].name.utf8.elementsEqual(file.utf8) else {
                throw ModelFormatError.malformedIndex(
                    file: index.file, subject: name, expected: "to be in \(printable(file))",
                    got: files[found.file].name)
            }
        }
        // Every name listed is present and names are unique, so equal counts mean that none is extra.
        guard index.tensors.count == tensors.count else {
            let listed = Set(index.tensors.map { Array($0.name.utf8) })
            let extra = tensors.first { !listed.contains(Array($0.tensor.name.utf8)) }
            throw ModelFormatError.malformedIndex(
                file: index.file, subject: "weight_map", expected: "every tensor of its files",
                got: "none for \(extra?.tensor.name ?? "one") in \(extra.map { files[$0.file].name } ?? "a file")")
        }
        if let size = index.totalSize, size != totalBytes {
            throw ModelFormatError.malformedIndex(
                file: index.file, subject: "total_size", expected: "\(totalBytes), the sum of all tensors",
                got: "\(size)")
        }
    }
}
