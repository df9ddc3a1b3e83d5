extension ModelInspection {
    /// What a check found, for one of several models.
    private typealias Finding = (outcome: Outcome, message: String)

    /// Inspects every GGUF model of the repository. A check has one outcome for all of them, the worst; towers and
    /// adapters beside a language model count for their heads only.
    mutating func checkGGUF(_ model: ModelFiles) {
        let models = GGUFModel.list(in: model)
        var heads: [Finding] = [], configurations: [Finding] = [], shapes: [Finding] = [], tokenizers: [Finding] = []
        var tokenizer: (tokenizer: Tokenizer, of: GGUFMetadata)?
        var sizes: [TensorElement: Int] = [:], isFirst = true
        for one in models {
            var checkpoint: GGUFCheckpoint?
            heads.append(
                finding {
                    let opened = try GGUFCheckpoint(reading: model, one)
                    checkpoint = opened
                    return (.passed, opened.summary)
                })
            guard let checkpoint else { continue }
            for tensor in checkpoint.heads.flatMap(\.tensors) {
                sizes[tensor.element, default: 0] += tensor.range.count
            }
            guard checkpoint.heads[0].isLanguageModel else { continue }
            var configuration: GemmaConfiguration?
            configurations.append(
                finding {
                    let read = try GemmaConfiguration(gguf: checkpoint)
                    configuration = read
                    return (.passed, "\(printable(checkpoint.name)): \(read.modelType), every key known")
                })
            if isFirst {
                isFirst = false
                describe(checkpoint, configuration)
            }
            guard let configuration else { continue }
            shapes.append(
                finding {
                    let tensors = try ModelTensors(checkpoint)
                    return try Self.compare(tensors, configuration, source: checkpoint.name)
                })
            guard readsTokenizer else { continue }
            tokenizers.append(
                finding {
                    if tokenizer?.of.hasSameTokenizer(as: checkpoint.metadata) != true {
                        tokenizer = (try Tokenizer(checkpoint), checkpoint.metadata)
                    }
                    return Self.fit(tokenizer?.tokenizer, configuration, source: checkpoint.name)
                })
        }
        if dtypes.isEmpty {
            dtypes = sizes.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map(\.key.rawValue)
        }
        record(.ggufHeader, heads)
        if configurations.isEmpty, let first = models.first, heads.allSatisfy({ $0.outcome == .passed }) {
            configurations = [
                (.unsupported, "\(printable(first.name)) is no language model\(andMore(models.count)): nothing to run")
            ]
        }
        record(.config, configurations)
        record(.tensorShapes, shapes)
        record(.tokenizer, tokenizers)
    }

    private static func fit(_ tokenizer: Tokenizer?, _ configuration: GemmaConfiguration, source: String) -> Finding {
        let count = tokenizer?.idCount ?? 0, rows = configuration.vocabularySize, source = printable(source)
        guard count <= rows else {
            return (.failed, "\(source): ids up to \(count - 1), expected below the \(rows) rows of the embedding")
        }
        return (.passed, "\(source): \(tokenizer?.pieceCount ?? 0) pieces, begins texts with <bos>")
    }

    /// The facts that are shown of a repository are the first model's, unless safetensors beside it gave them.
    private mutating func describe(_ checkpoint: GGUFCheckpoint, _ configuration: GemmaConfiguration?) {
        let stated = (try? checkpoint.architecture()).map { printable($0) }
        architecture = architecture ?? stated
        modelType = modelType ?? configuration?.modelType ?? stated
        contextLength = contextLength ?? configuration?.contextLength
        guard tensorCount == nil else { return }
        let tensors = checkpoint.heads.flatMap(\.tensors)
        (tensorCount, parameterCount) = (tensors.count, tensors.reduce(0) { $0 + $1.elementCount })
    }

    /// Records the worst of several findings, together with what the check found before.
    private mutating func record(_ name: CheckName, _ findings: [Finding]) {
        var all = findings
        if let index = checks.firstIndex(where: { $0.name == name }) {
            all.insert((checks[index].outcome, checks[index].message), at: 0)
            checks.remove(at: index)
        }
        for outcome in [Outcome.failed, .unsupported, .warned, .passed] {
            let those = all.filter { $0.outcome == outcome }
            guard let first = those.first else { continue }
            let others =
                outcome == .passed ? those.count > 1 ? ", and \(those.count - 1) more" : "" : andMore(those.count)
            record(name, outcome, first.message + others)
            return
        }
    }

    private func finding(_ body: () throws -> Finding) -> Finding {
        do {
            return try body()
        } catch ModelFormatError.unsupported(let file, let what, let reason) {
            return (.unsupported, ModelFormatError.unsupported(file: file, what: what, reason: reason).description)
        } catch {
            return (.failed, "\(error)")
        }
    }
}

extension GGUFCheckpoint {
    /// What the heads say, for the report.
    fileprivate var summary: String {
        let tensors = heads.flatMap(\.tensors)
        let parts = files.count > 1 ? " in \(files.count) files" : ""
        return
            "\(printable(name)): \(tensors.count) tensors, \(tensors.reduce(0) { $0 + $1.range.count }) bytes\(parts)"
    }
}
