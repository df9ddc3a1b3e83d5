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

    /// Each model that can be run by itself, with the name that tells it apart where there are several: the safetensors
    /// one, and every GGUF language model.
    package var models: [(name: String?, files: ModelFiles)] {
        let languageModels = GGUFModel.list(in: self).filter { one in
            guard let file = try? open(one.name), let head = try? GGUF(reading: file) else { return true }
            return head.isLanguageModel
        }
        guard !languageModels.isEmpty else { return [(nil, self)] }
        let ggufs = languageModels.map { (name: Optional($0.name), files: $0.files(of: self)) }
        return (GGUFModel.isModel(of: self) ? [] : [(name: "safetensors", files: self)]) + ggufs
    }
}
