extension Adapter {
    /// What the adapter changes in a base whose text model needs `expected`. Throws for a part that has no place there,
    /// does not fit its shape, or is not what adapter_config.json announces.
    package func fitted(to expected: ExpectedTensors, in base: ModelTensors) throws -> AdaptedModules {
        var fitting = AdapterFitting(adapter: self, expected: expected, base: base)
        try fitting.run()
        return fitting.modules
    }
}

/// The comparison of one adapter with one base.
private struct AdapterFitting {
    let adapter: Adapter
    let expected: ExpectedTensors
    let base: ModelTensors
    var modules = AdaptedModules()
    private let shapes: [String: [Int]]
    /// The base's head tensor, or the stand-in for a tied one.
    private let head: String
    private let embedding: String
    private let isHeadTied: Bool
    private var ignored = 0

    private var configuration: AdapterConfiguration { adapter.configuration }

    init(adapter: Adapter, expected: ExpectedTensors, base: ModelTensors) {
        self.adapter = adapter
        self.expected = expected
        self.base = base
        var shapes: [String: [Int]] = [:]
        for tensor in expected.required { shapes[tensor.name] = tensor.shape }
        embedding = expected.prefix + "embed_tokens.weight"
        let stored = expected.headNames.first { shapes[$0] != nil }
        head = stored ?? AdaptedModules.head
        isHeadTied = stored == nil
        shapes[head] = shapes[embedding]
        self.shapes = shapes
    }

    mutating func run() throws {
        var byModule: [String: [Adapter.Part.Role: Tensor]] = [:], paths: [String: String] = [:]
        for part in adapter.parts {
            var isWhole = false
            if case .whole = part.role { isWhole = true }
            guard let name = try place(isWhole ? part.path : part.path + ".weight", of: part.tensor) else { continue }
            guard byModule[name]?.updateValue(part.tensor, forKey: part.role) == nil else {
                throw fault(part.tensor, "place", expected: "one tensor of its kind for \(name)", got: "two")
            }
            byModule[name, default: [:]][part.role] = part.tensor
            if !isWhole { paths[name] = part.path }
        }
        for (name, parts) in byModule.sorted(by: { $0.key < $1.key }) {
            try replace(name, parts)
            guard let path = paths[name] else { continue }
            if let tokens = parts[.tokenRows] { try replaceRows(of: name, path, tokens) }
            try update(name, path, parts)
        }
        try checkEveryTarget(paths)
        try tieHead()
        guard !modules.updates.isEmpty || !modules.replacements.isEmpty || !modules.rows.isEmpty else {
            throw ModelFormatError.unsupported(
                file: Adapter.weightsPath, what: "this adapter", reason: "it changes nothing in the text model")
        }
        if ignored > 0 {
            modules.warnings.append(
                "\(ignored) tensors of the adapter are for parts that the text model does not compute")
        }
    }

    /// The base's tensor for a tensor path of the adapter's own tree; nil for towers and parts that are not computed.
    private mutating func place(_ path: String, of tensor: Tensor) throws -> String? {
        if Self.headPaths.contains(path) { return head }
        let inner = Self.treePrefixes.first { path.hasPrefix($0) }.map { String(path.dropFirst($0.utf8.count)) } ?? path
        let name = expected.prefix + inner
        if shapes[name] != nil { return name }
        guard base[name] != nil || expected.knownExtras.contains(where: { path.hasPrefix($0) }) else {
            throw fault(tensor, "module", expected: "one of the base model", got: "no \(name) there")
        }
        ignored += 1
        return nil
    }

    // Trees of transformers: text models, wrappers since 4.52, wrappers before; a bare body has none.
    private static let treePrefixes = ["model.language_model.", "language_model.model.", "model."]
    private static let headPaths = ["lm_head.weight", "language_model.lm_head.weight"]

    private func fault(_ tensor: Tensor, _ field: String, expected: String, got: String) -> ModelFormatError {
        .malformedSafetensors(
            file: Adapter.weightsPath, tensor: tensor.name, field: field, expected: expected, got: got)
    }

    private func check(_ tensor: Tensor, shape: [Int]) throws {
        guard tensor.shape == shape else {
            throw fault(
                tensor, "shape", expected: "\(shape), as the base and \(AdapterConfiguration.path) imply",
                got: "\(tensor.shape)")
        }
        guard [.f32, .f16, .bf16].contains(tensor.element) else {
            throw fault(tensor, "dtype", expected: "F32, F16 or BF16", got: tensor.element.rawValue)
        }
    }

    private mutating func replace(_ name: String, _ parts: [Adapter.Part.Role: Tensor]) throws {
        let plain = parts[.whole(isBaseLayer: false)], below = parts[.whole(isBaseLayer: true)]
        guard let tensor = plain ?? below else { return }
        guard plain == nil || below == nil, let shape = shapes[name] else {
            throw fault(tensor, "place", expected: "one tensor for \(name)", got: "two")
        }
        try check(tensor, shape: shape)
        modules.replacements[name] = tensor
        // What is not listed is loaded into the base's own tensor, and a tied head is that tensor.
        let path = String(name.dropFirst(expected.prefix.utf8.count).dropLast(".weight".utf8.count))
        if name == embedding, isHeadTied, below != nil || !configuration.saves("model." + path) {
            modules.replacements[head] = modules.replacements[head] ?? tensor
        }
    }

    private mutating func replaceRows(of name: String, _ path: String, _ values: Tensor) throws {
        let announced = configuration.tokenRows.first { path.endsBytewise(in: $0.module) }
        guard name == embedding, let announced, let shape = shapes[name] else {
            throw fault(
                values, "module", expected: "the embedding, as trainable_token_indices says", got: printable(path))
        }
        try check(values, shape: [announced.tokens.count, shape[1]])
        guard let last = announced.tokens.max(), last < shape[0] else {
            throw fault(
                values, "tokens", expected: "below the \(shape[0]) rows of the embedding", got: "\(announced.tokens)")
        }
        modules.rows[name] = .init(tokens: announced.tokens, values: values)
    }

    private mutating func update(_ name: String, _ path: String, _ parts: [Adapter.Part.Role: Tensor]) throws {
        let isTransposed = parts[.embeddingDown] != nil || parts[.embeddingUp] != nil
        let down = parts[isTransposed ? .embeddingDown : .down], up = parts[isTransposed ? .embeddingUp : .up]
        guard down != nil || up != nil || parts[.magnitude] != nil else { return }
        guard let down, let up else {
            let known = down ?? up ?? parts[.magnitude]
            throw ModelFormatError.malformedSafetensors(
                file: Adapter.weightsPath, tensor: known?.name, field: "module",
                expected: "both parts of its update, A and B", got: "one part alone")
        }
        guard let shape = shapes[name], shape.count == 2, isEmbedding(name) == isTransposed else {
            throw fault(
                down, "module", expected: isTransposed ? "an embedding" : "a linear layer", got: "\(name) of the base")
        }
        // A head that is tied to a targeted embedding is saved with the embedding's update, transposed.
        let isTied = name == head && isHeadTied && configuration.tiesHead
        guard try isTied || configuration.targets(path, isLinear: !isTransposed, isHead: name == head) else {
            throw fault(down, "module", expected: "one that target_modules names", got: printable(path))
        }
        let rank = configuration.rank(of: path), (rows, columns) = (shape[0], shape[1])
        try check(down, shape: [rank, isTransposed ? rows : columns])
        try check(up, shape: [isTransposed ? columns : rows, rank])
        guard (parts[.magnitude] != nil) == configuration.usesDoRA else {
            throw fault(
                parts[.magnitude] ?? down, "magnitude",
                expected: configuration.usesDoRA ? "one beside it, as use_dora says" : "none, as use_dora says",
                got: configuration.usesDoRA ? "none" : "one")
        }
        if let magnitude = parts[.magnitude] {
            guard !isTransposed else {
                throw ModelFormatError.unsupported(
                    file: Adapter.weightsPath, what: "DoRA on \(name)",
                    reason: "PEFT gives the columns of an embedding their lengths; this build computes rows")
            }
            try check(magnitude, shape: [rows])
        }
        modules.updates[name] = .init(
            up: isTransposed ? down : up, down: isTransposed ? up : down, isTransposed: isTransposed, rank: rank,
            scale: configuration.scale(of: path), magnitude: parts[.magnitude])
    }

    private func isEmbedding(_ name: String) -> Bool { name != head && name.contains("embed_tokens") }

    /// What the configuration targets or saves must be there: PEFT would leave it random.
    private func checkEveryTarget(_ paths: [String: String]) throws {
        let tree = paths.first { $0.key.hasPrefix(expected.prefix) && $0.key != head }.map { name, path in
            String(path.dropLast(name.utf8.count - expected.prefix.utf8.count - ".weight".utf8.count))
        }
        let isWrapper = expected.prefix.contains("language_model")
        let prefix = tree ?? (isWrapper ? "model.language_model." : "model.")
        for tensor in expected.required + [.init(name: head, shape: shapes[head] ?? [])] {
            guard tensor.name.hasSuffix(".weight") else { continue }
            let module = String(tensor.name.dropLast(".weight".utf8.count))
            let path =
                tensor.name == head
                ? (prefix.hasPrefix("language_model.") ? "language_model.lm_head" : "lm_head")
                : prefix + module.dropFirst(expected.prefix.utf8.count)
            let isSaved = configuration.saves(path) || configuration.savedModules.contains { $0.matches(path) }
            if isSaved, modules.replacements[tensor.name] == nil, !(tensor.name == head && configuration.tiesHead) {
                throw absent(path, "modules_to_save")
            }
            guard tensor.shape.count == 2, modules.updates[tensor.name] == nil, !isSaved else { continue }
            let isTarget = try configuration.targets(
                path, isLinear: !isEmbedding(tensor.name), isHead: tensor.name == head)
            if isTarget, !(tensor.name == head && configuration.tiesHead) { throw absent(path, "target_modules") }
        }
        for rows in configuration.tokenRows {
            if embedding.endsBytewise(in: rows.module + ".weight"), modules.rows[embedding] != nil { continue }
            // The tied head takes the embedding's rows; listed with the same tokens it is no other case.
            if Self.headPaths.contains(where: { $0.hasSuffix(rows.module + ".weight") }), isHeadTied,
                modules.rows[embedding]?.tokens == rows.tokens
            {
                continue
            }
            throw ModelFormatError.unsupported(
                file: AdapterConfiguration.path, what: "trainable_token_indices of \(printable(rows.module))",
                reason: "this build replaces rows of the embedding that the adapter holds, and of a head tied to it")
        }
    }

    private func absent(_ path: String, _ key: String) -> ModelFormatError {
        .malformedSafetensors(
            file: Adapter.weightsPath, tensor: path, field: "module",
            expected: "the tensors that \(key) announces", got: "none")
    }

    /// A tied head follows the embedding's rows always, its update or replacement only when the adapter says so.
    private mutating func tieHead() throws {
        if isHeadTied, let rows = modules.rows[embedding] { modules.rows[head] = rows }
        for name in modules.rows.keys where modules.updates[name] != nil || modules.replacements[name] != nil {
            throw ModelFormatError.unsupported(
                file: AdapterConfiguration.path, what: "trainable_token_indices beside another change of \(name)",
                reason: "PEFT drops one of them")
        }
        guard isHeadTied else {
            guard expected.tiesWordEmbeddings, configuration.tiesHead || !modules.rows.isEmpty else { return }
            throw ModelFormatError.unsupported(
                file: Adapter.weightsPath, what: "a change of a tied embedding",
                reason: "the base stores the head tied to it a second time")
        }
        guard configuration.tiesHead else { return }
        if modules.updates[head] == nil, let update = modules.updates[embedding] {
            modules.updates[head] = AdaptedModules.Update(
                up: update.up, down: update.down, isTransposed: true, rank: update.rank,
                scale: configuration.scale(of: "lm_head"), magnitude: nil)
        }
        if modules.replacements[head] == nil, let tensor = modules.replacements[embedding] {
            modules.replacements[head] = tensor
        }
    }
}
