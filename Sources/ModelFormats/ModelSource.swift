import Foundation

/// Where the parts of one model lie: in config.json, safetensors and tokenizer.json, or all in a GGUF file.
package enum ModelSource: Sendable {
    case safetensors(ModelFiles)
    case gguf(GGUFCheckpoint)

    /// The one model among the files: the safetensors where there are any, else the only GGUF language model. Throws
    /// when there are several, which are then listed.
    package init(of files: ModelFiles) throws {
        self = GGUFModel.isModel(of: files) ? .gguf(try GGUFCheckpoint(reading: files)) : .safetensors(files)
    }

    package func configuration() throws -> GemmaConfiguration {
        switch self {
        case .safetensors(let files): try GemmaConfiguration(reading: files)
        case .gguf(let checkpoint): try GemmaConfiguration(gguf: checkpoint)
        }
    }

    package func tensors() throws -> ModelTensors {
        switch self {
        case .safetensors(let files): try ModelTensors(reading: files)
        case .gguf(let checkpoint): try ModelTensors(checkpoint)
        }
    }

    /// Nil when the model ships no tokenizer.json.
    package func tokenizer() throws -> Tokenizer? {
        switch self {
        case .safetensors(let files): files[Tokenizer.path] == nil ? nil : try Tokenizer(reading: files)
        case .gguf(let checkpoint): try Tokenizer(checkpoint)
        }
    }
}

extension ModelFiles {
    /// The files of a folder, or of one GGUF model in it when `path` is one of its files.
    package init(path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            FileFormat.byExtension(path) == .gguf
        else {
            try self.init(directory: path)
            return
        }
        let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let folder = cut == path.startIndex ? "." : String(path[..<cut]), name = String(path[cut...])
        let all = try ModelFiles(directory: folder)
        let one = GGUFModel.list(in: all).first { $0.paths.contains { $0.utf8.elementsEqual(name.utf8) } }
        self = one?.files(of: all) ?? all
    }

    /// Each model that can be tested by itself, with the name that tells it apart where there are several: the safetensors
    /// one, an adapter beside it, and every GGUF model, towers and adapters among them. Whole
    /// language models come first.
    package var models: [(name: String?, files: ModelFiles)] {
        let ggufs = GGUFModel.list(in: self).map { one in
            (one, head: (try? open(one.name)).flatMap { try? GGUF(reading: $0) })
        }
        // Language models first; of what cannot be read, opening it will say why.
        let ordered = ggufs.filter { $0.head?.isLanguageModel ?? true } + ggufs.filter { $0.head?.isPart ?? false }
        let quantisations = ordered.map { (name: Optional($0.0.name), files: $0.0.files(of: self)) }
        let isWhole = self["model.safetensors"] != nil || self[ShardIndex.path] != nil
        let isAdapted = self[AdapterConfiguration.path] != nil && (self[Adapter.weightsPath] != nil || !isWhole)
        guard isAdapted, isWhole || !quantisations.isEmpty else {
            guard isWhole || quantisations.isEmpty else { return quantisations }
            return [(quantisations.isEmpty ? nil : "safetensors", self)] + quantisations
        }
        let parts = [AdapterConfiguration.path, Adapter.weightsPath]
        let whole = ModelFiles(entries.filter { !parts.contains($0.path) })
        let adapter = ModelFiles(
            entries.filter { parts.contains($0.path) || $0.path.utf8.starts(with: "tokenizer".utf8) })
        return (isWhole ? [("safetensors", whole)] : []) + quantisations + [("adapter", adapter)]
    }
}
