/// What the files of sentence-transformers beside a text model say is done with its states to make one vector of a
/// text: `modules.json`, the configurations of its modules, and the prompts that texts begin with.
///
/// The class names of the library's versions 2 to 6 are read; a module that is not computed here is refused by name.
package struct SentenceTransformer: Sendable {
    /// What follows the text model, in the order of modules.json.
    package enum Module: Sendable {
        case pooling(Pooling)
        case dense(Dense)
        /// The vector is brought to length 1.
        case normalize
    }

    package static let path = "modules.json"
    private static let promptsPath = "config_sentence_transformers.json"

    package let modules: [Module]
    /// What texts begin with, by the kind of task.
    package let prompts: [(name: String, text: String)]
    /// The prompt that a text gets when its task is not named; nil for none.
    package let defaultPrompt: String?

    /// The numbers of a finished vector; nil where no module says.
    package var dimension: Int? {
        modules.reversed().lazy.compactMap { module in
            switch module {
            case .pooling(let pooling): pooling.dimension
            case .dense(let dense): dense.rows
            case .normalize: nil
            }
        }.first
    }

    package var normalizes: Bool {
        if case .normalize? = modules.last { true } else { false }
    }

    /// The folders that modules.json names; none where it cannot be read.
    package static func folders(in model: ModelFiles) -> [String] {
        guard case .array(let elements)? = try? model.json(path) else { return [] }
        return elements.compactMap { $0.object?["path"]?.string }.filter { !$0.isEmpty }
    }

    /// Nil when there is no modules.json among the files. Blocking.
    /// - Parameter hiddenSize: the width of the text model's states.
    package init?(reading model: ModelFiles, hiddenSize: Int) throws {
        guard let list = try model.json(Self.path) else { return nil }
        guard case .array(let elements) = list, elements.count <= 64 else {
            throw ModelFormatError.configuration(
                file: Self.path, key: "(whole file)", expected: "a list of up to 64 modules", got: list.summary)
        }
        var modules: [Module] = [], width = hiddenSize
        for (number, element) in elements.enumerated() {
            var reader = ConfigurationReader(element.object ?? JSONObject(), file: Self.path, path: "\(number).")
            let type = try reader.string("type") ?? "", folder = try reader.string("path") ?? ""
            let kind = type.split(separator: ".").last.map(String.init) ?? ""
            guard type.utf8.starts(with: "sentence_transformers.".utf8) else {
                throw reader.fault("type", expected: "a module of sentence_transformers", got: quoted(type))
            }
            switch kind {
            case "Transformer" where number == 0: continue
            case "Pooling" where modules.isEmpty:
                let pooling = try Pooling(reading: model, folder: folder, hiddenSize: hiddenSize)
                width = pooling.dimension
                modules.append(.pooling(pooling))
            case "Dense" where !modules.isEmpty:
                let dense = try Dense(reading: model, folder: folder, columns: width)
                width = dense.rows
                modules.append(.dense(dense))
            case "Normalize" where !modules.isEmpty:
                try Self.checkNormalize(model, folder: folder)
                modules.append(.normalize)
            default:
                throw ModelFormatError.unsupported(
                    file: Self.path, what: "module \(number), \(type)",
                    reason: "this build computes Transformer, Pooling, then Dense and Normalize")
            }
        }
        guard !modules.isEmpty else {
            throw ModelFormatError.configuration(
                file: Self.path, key: "(whole file)", expected: "a pooling module", got: "none")
        }
        self.modules = modules
        (prompts, defaultPrompt) = try Self.prompts(of: model)
    }

    private static func prompts(
        of model: ModelFiles
    ) throws -> (prompts: [(name: String, text: String)], defaultPrompt: String?) {
        guard let config = try model.json(promptsPath) else { return ([], nil) }
        var reader = ConfigurationReader(config.object ?? JSONObject(), file: promptsPath)
        let prompts = try (reader.object("prompts", nullable: true)?.members ?? []).map { name, value in
            guard case .string(let text) = value else {
                throw reader.fault("prompts", expected: "texts by name", got: value.summary)
            }
            return (name: name, text: text)
        }
        guard let name = try reader.string("default_prompt_name", nullable: true) else { return (prompts, nil) }
        guard let prompt = prompts.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            throw reader.fault("default_prompt_name", expected: "one of the prompts", got: quoted(name))
        }
        return (prompts, prompt.text)
    }

    /// The prompt for sentences that are compared with each other: `STS` (EmbeddingGemma's name), else the default, else
    /// none.
    package var similarityPrompt: String { prompts.first { $0.name == "STS" }?.text ?? defaultPrompt ?? "" }
}
