import ModelFormats
import RegistryCore

extension SmokeTest {
    /// Weights that no test opens would be served unseen: `model.fp16.safetensors` is what transformers loads when it is
    /// asked for `variant="fp16"`. False stops the test.
    mutating func checkUnreadWeights() -> Bool {
        guard let first = unreadWeights.first else { return true }
        checks.removeAll { $0.name == .structure }
        record(
            .structure, .unsupported, value: "\(unreadWeights.count) weight files outside of models",
            bound: "every weight file is part of a model that is tested",
            reason: "\(printable(first)) is part of no model of this repository that can be run"
                + andMore(unreadWeights.count))
        return false
    }

    /// Paths of a repository's weight files that none of its tests reads.
    static func unreadWeights(of all: ModelFiles, by tests: [SmokeTest]) -> [String] {
        let read = Set((tests.flatMap(\.weightsRead) + GGUFModel.tables(in: all)).map { Array($0.utf8) })
        return all.entries.map(\.path).filter { path in
            [.safetensors, .gguf].contains(FileFormat.byExtension(path)) && !read.contains(Array(path.utf8))
        }
    }

    private var weightsRead: [String] {
        if files.isAdapter { return [Adapter.weightsPath] }
        // Layers of a sentence transformer lie in folders of their own.
        let modules = modelClass == .embedding ? SentenceTransformer.folders(in: files) : []
        let rest = modules.map { "\($0)/model.safetensors" }
        switch try? ModelTensors.layout(of: files) {
        case .single(let path): return [path] + rest
        case .sharded(let index): return index.files + rest
        case .gguf(let model): return model.paths + rest
        // What cannot be laid out is a finding of its own.
        case nil: return files.entries.map(\.path)
        }
    }
}
