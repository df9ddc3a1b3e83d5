/// One model among the GGUF files of a repository, which often holds several: a quantisation each, some of them split
/// into parts, and towers for images beside them.
package struct GGUFModel: Equatable, Sendable {
    /// The paths of its files, parts in order; a split model names all its parts, also those that are missing.
    package let paths: [String]

    package var name: String { paths[0] }

    /// The entries of this model's files, to run it alone. Missing parts are missed on opening.
    package func files(of model: ModelFiles) -> ModelFiles {
        ModelFiles(paths.compactMap { model[$0] })
    }

    /// Whether a repository's model is a GGUF: there is one, and no safetensors, which come first.
    package static func isModel(of model: ModelFiles) -> Bool {
        model["model.safetensors"] == nil && model[ShardIndex.path] == nil && !list(in: model).isEmpty
    }

    /// Every GGUF model of a repository, in order of the paths.
    package static func list(in model: ModelFiles) -> [GGUFModel] {
        var models: [GGUFModel] = [], seen = Set<[UInt8]>()
        for entry in model.entries where FileFormat.byExtension(entry.path) == .gguf {
            let paths = parts(of: entry.path) ?? [entry.path]
            if seen.insert(Array(paths[0].utf8)).inserted { models.append(GGUFModel(paths: paths)) }
        }
        return models
    }

    /// Paths of files that are no models: importances, or a vocabulary alone.
    package static func tables(in model: ModelFiles) -> [String] {
        list(in: model).map(\.name).filter { name in
            (try? model.open(name)).flatMap { try? GGUF(reading: $0) }?.isTable ?? false
        }
    }

    /// The one language model among the GGUF files. Throws when there is none, or several, which are then listed.
    package static func only(in model: ModelFiles) throws -> GGUFModel {
        let models = list(in: model)
        // A single one is opened as it is, and a file that cannot be read counts: opening it will say why.
        let candidates =
            models.count == 1
            ? models
            : models.filter { one in
                guard let file = try? model.open(one.name), let head = try? GGUF(reading: file) else { return true }
                return head.isLanguageModel
            }
        guard let first = candidates.first ?? models.first else {
            throw ModelFormatError.unreadable(
                file: "model.gguf", reason: "there is no GGUF file among the files of this model")
        }
        guard candidates.count < 2 else {
            throw ModelFormatError.unsupported(
                file: first.name, what: "one of \(candidates.count) GGUF models without being named",
                reason: "name one of \(candidates.prefix(20).map { printable($0.name) }.joined(separator: ", "))")
        }
        return first
    }

    /// Names above it are no split model's: 256 parts of llama.cpp's usual 50 GB are 12 TB.
    private static let maximumParts = 256

    /// The paths of all parts when this is one of several: `x-00001-of-00003.gguf` and so on.
    private static func parts(of path: String) -> [String]? {
        let suffix = path.suffix(".gguf".count), stem = path.dropLast(suffix.count)
        let tail = Array(stem.utf8.suffix("-00001-of-00003".utf8.count))
        guard tail.count == 15, tail.starts(with: "-".utf8), tail[6..<10].elementsEqual("-of-".utf8),
            let number = Int(digits: tail[1..<6]), let count = Int(digits: tail[10...]), count >= 2,
            (1...count).contains(number), count <= maximumParts
        else { return nil }
        return (1...count).map { "\(stem.dropLast(15))-\(padded($0))-of-\(padded(count))\(suffix)" }
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
    }
}

extension GGUF {
    /// Whether this is a language model, and no tower, adapter or table that lies beside one. `general.type` alone proves
    /// nothing: who loads the file does not ask it.
    var isLanguageModel: Bool {
        let architecture = metadata.string("general.architecture")
        return architecture != "clip" && metadata.string("general.type") != "adapter" && !isTable
    }

    /// Whether this is a tower or an adapter, and no language model and no table that only tools read.
    var isPart: Bool { !isLanguageModel && !isTable }

    /// Importances or a vocabulary alone: nothing that anybody could run.
    fileprivate var isTable: Bool {
        switch metadata.string("general.type") {
        case "imatrix": ["imatrix", nil].contains(metadata.string("general.architecture"))
        case "vocab": tensors.isEmpty
        default: false
        }
    }
}

extension Int {
    /// A number of ASCII digits and nothing else.
    fileprivate init?(digits: ArraySlice<UInt8>) {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.init(String(decoding: digits, as: UTF8.self))
    }
}
