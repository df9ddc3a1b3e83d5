/// adapter_config.json of a LoRA adapter, as PEFT 0.21 writes and reads it: y = W x + scale * B (A x).
///
/// A key that changes the arithmetic in a way that this build does not compute is refused by name unless it is switched
/// off; so is an unknown key that is switched on, because later versions of PEFT state new arithmetic that way.
package struct AdapterConfiguration: Sendable {
    package static let path = "adapter_config.json"

    /// Which modules carry an update.
    package enum Targets: Sendable {
        /// Modules whose path is one of these or ends in `.` and one of these.
        case suffixes([String])
        /// Modules whose whole path matches.
        case pattern(ModulePattern)
        /// Every linear layer but the output head.
        case allLinear
    }

    /// Rows of an embedding that are replaced, by the end of the module's path.
    package struct TokenRows: Equatable, Sendable {
        package let module: String
        package let tokens: [Int]
    }

    /// The repository that the adapter was trained on, as whoever saved it called it.
    package let baseModel: String?
    package let revision: String?
    package let rank: Int
    package let alpha: Double
    /// rsLoRA (arXiv 2312.03732): the scale is alpha / sqrt(rank), not alpha / rank.
    package let isRankStabilised: Bool
    /// DoRA (arXiv 2402.09353): each row of W + scale B A is brought to a learned length.
    package let usesDoRA: Bool
    package let targets: Targets
    package let excluded: Targets?
    /// Only these layers, when given.
    let layers: [Int]?
    let layerPatterns: [ModulePattern]
    let ranks: [(pattern: ModulePattern, value: Int)]
    let alphas: [(pattern: ModulePattern, value: Double)]
    /// Ends of the paths of modules that the adapter holds as a whole.
    package let modulesToSave: [String]
    let savedModules: [ModulePattern]
    package let tokenRows: [TokenRows]
    /// Whether a change of the embedding is meant for the output head tied to it as well.
    package let tiesHead: Bool

    package init(reading adapter: ModelFiles) throws {
        guard let config = try adapter.json(Self.path) else {
            throw ModelFormatError.unreadable(file: Self.path, reason: "not among the files of this adapter")
        }
        try self.init(config)
    }

    package init(_ config: JSONValue) throws {
        guard let object = config.object else {
            throw ModelFormatError.configuration(
                file: Self.path, key: "", expected: "an object", got: config.summary)
        }
        var reader = ConfigurationReader(object, file: Self.path)
        guard let type = try reader.string("peft_type") else {
            throw reader.fault("peft_type", expected: "to be present", got: "nothing")
        }
        guard type == "LORA" else {
            throw ModelFormatError.unsupported(
                file: Self.path, what: "peft_type \(type)", reason: "this build applies LORA (LoRA, rsLoRA, DoRA)")
        }
        try reader.refuseForeignArithmetic()
        baseModel = try reader.string("base_model_name_or_path", nullable: true)
        revision = try reader.string("revision", nullable: true)
        rank = try reader.integer("r", in: 1...Self.maximumRank) ?? 8
        alpha = try reader.finiteNumber("lora_alpha") ?? 8
        isRankStabilised = try reader.boolean("use_rslora") ?? false
        usesDoRA = try reader.boolean("use_dora") ?? false
        guard let targets = try reader.targets("target_modules") else {
            throw reader.fault("target_modules", expected: "names, a pattern or all-linear", got: "nothing")
        }
        self.targets = targets
        excluded = try reader.targets("exclude_modules")
        layers = try reader.layers()
        layerPatterns = try reader.oneOrMore("layers_pattern").map {
            try ModulePattern($0, file: Self.path, key: "layers_pattern")
        }
        if case .suffixes = targets {
        } else if layers != nil || !layerPatterns.isEmpty {
            throw reader.fault(
                "layers_to_transform", expected: "null, because target_modules is no list", got: "a value")
        }
        ranks = try reader.patterns("rank_pattern") { reader, key, value in
            guard case .integer(let rank) = value, (1...Self.maximumRank).contains(rank) else {
                throw reader.fault(
                    "rank_pattern.\(key)", expected: "a whole number from 1 to \(Self.maximumRank)", got: value.summary)
            }
            return rank
        }
        alphas = try reader.patterns("alpha_pattern") { reader, key, value in
            try reader.finite(value, key: "alpha_pattern.\(key)")
        }
        modulesToSave = try reader.strings("modules_to_save", nullable: true) ?? []
        savedModules = try modulesToSave.map {
            try ModulePattern("(^|.*\\.)\($0)($|\\..*)", file: Self.path, key: "modules_to_save")
        }
        tokenRows = try reader.tokenRows()
        tiesHead = try reader.boolean("ensure_weight_tying") ?? false
        try reader.refuseUnknownKeys()
    }

    static let maximumRank = 1 << 16
}

extension AdapterConfiguration {
    /// Whether the module at `path` carries an update. `isLinear` is false for embeddings, `isHead` true for the output
    /// head; see peft/tuners/tuners_utils.py, check_target_module_exists.
    package func targets(_ path: String, isLinear: Bool, isHead: Bool) throws -> Bool {
        if let excluded, matches(excluded, path, isLinear: isLinear, isHead: isHead) { return false }
        if savedModules.contains(where: { $0.matches(path) }) { return false }
        guard matches(targets, path, isLinear: isLinear, isHead: isHead) else { return false }
        guard case .suffixes(let names) = targets, let layers, !layers.isEmpty,
            !names.contains(where: { $0.utf8.elementsEqual(path.utf8) })
        else { return true }
        return try layerIndex(of: path).map(layers.contains) ?? false
    }

    private func matches(_ targets: Targets, _ path: String, isLinear: Bool, isHead: Bool) -> Bool {
        switch targets {
        case .suffixes(let names):
            names.contains { path.utf8.elementsEqual($0.utf8) || path.endsBytewise(in: "." + $0) }
        case .pattern(let pattern): pattern.matches(path)
        case .allLinear: isLinear && !isHead
        }
    }

    /// The number of the layer that a path lies in: the first part that is a number after a part (or after what
    /// `layers_pattern` matches), with something after it.
    private func layerIndex(of path: String) throws -> Int? {
        let scalars = Array(path.unicodeScalars)
        let starts = [0] + scalars.indices.filter { scalars[$0] == "." }.map { $0 + 1 }
        guard !layerPatterns.isEmpty else {
            // Without a pattern, a part with a `.` before it comes before the number.
            return starts.dropFirst().compactMap { start in
                scalars[start...].firstIndex(of: ".").flatMap { number(in: scalars, afterDotAt: $0) }
            }.first
        }
        for pattern in layerPatterns {
            for start in starts {
                let found = Set(
                    pattern.ends(in: scalars, from: start).compactMap { number(in: scalars, afterDotAt: $0) })
                guard found.count <= 1 else {
                    throw ModelFormatError.unsupported(
                        file: Self.path, what: "layers_pattern \(printable(pattern.text))",
                        reason: "it finds more than one layer number in \(printable(path))")
                }
                if let index = found.first { return index }
            }
        }
        return nil
    }

    /// The number between the `.` at `dot` and the next one.
    private func number(in scalars: [Unicode.Scalar], afterDotAt dot: Int) -> Int? {
        guard dot < scalars.count, scalars[dot] == ".", let end = scalars[(dot + 1)...].firstIndex(of: ".") else {
            return nil
        }
        let digits = scalars[(dot + 1)..<end]
        guard digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        return Int(String(String.UnicodeScalarView(digits)))
    }

    /// The rank of the update of the module at `path`: the first pattern that matches its end, else `r`.
    package func rank(of path: String) -> Int { ranks.first { $0.pattern.matches(path) }?.value ?? rank }

    /// The factor on B A for the module at `path`.
    package func scale(of path: String) -> Double {
        let alpha = alphas.first { $0.pattern.matches(path) }?.value ?? alpha
        return alpha / (isRankStabilised ? Double(rank(of: path)).squareRoot() : Double(rank(of: path)))
    }

    /// Whether the adapter holds the module at `path` as a whole.
    func saves(_ path: String) -> Bool { modulesToSave.contains { path.endsBytewise(in: $0) } }
}

extension String {
    /// Whether the last bytes are those of `end`.
    func endsBytewise(in end: String) -> Bool { utf8.reversed().starts(with: end.utf8.reversed()) }
}
