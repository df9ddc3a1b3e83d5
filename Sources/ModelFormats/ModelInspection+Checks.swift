extension ModelInspection {
    mutating func checkFormats(_ model: ModelFiles) {
        var faults: [String] = []
        for entry in model.entries {
            do {
                let file = try model.open(entry.path)
                totalBytes += file.size
                formats[entry.path] = try FileFormat.classify(
                    path: entry.path, firstBytes: try file.prefix(count: FileFormat.prefixSize))
            } catch {
                faults.append("\(error)")
            }
        }
        let unsafe = formats.filter(\.value.runsCode).keys.sorted()
        let hasWeights = formats.values.contains { $0 == .safetensors || $0 == .gguf }
        if let fault = faults.first {
            record(.format, .failed, fault + andMore(faults.count))
        } else if !hasWeights, let path = unsafe.first {
            record(
                .format, .unsupported,
                "weights only as \(printable(path)), a format whose loader runs code and that is never opened here")
        } else if !hasWeights {
            record(.format, .failed, "no safetensors or GGUF file among \(model.entries.count) files")
        } else if let path = unsafe.first {
            record(
                .format, .warned,
                "\(printable(path)) is of a format whose loader runs code\(andMore(unsafe.count)); "
                    + "the weights beside it were inspected")
        } else {
            record(.format, .passed, "\(model.entries.count) files, extensions and first bytes agree")
        }
    }

    mutating func checkRemoteCode(_ model: ModelFiles) {
        attempt(.remoteCode) { inspection in
            let findings = try RemoteCode.findings(in: model)
            if let first = findings.first {
                inspection.record(
                    .remoteCode, .failed, "\(first)\(andMore(findings.count)); nothing of it is ever run here")
            } else {
                inspection.record(.remoteCode, .passed, "no auto_map, no custom_pipelines, no programs")
            }
        }
    }

    /// Headers and index. Nil when they cannot be trusted.
    mutating func checkWeights(_ model: ModelFiles) -> ModelTensors? {
        // The two checks share one reading; an error of the index is the index's, any other the headers'.
        do {
            let layout = try ModelTensors.layout(of: model)
            let tensors = try ModelTensors(reading: model)
            (tensorCount, parameterCount) = (tensors.tensors.count, tensors.parameterCount)
            dtypes = tensors.elements.map(\.rawValue)
            record(
                .safetensorsHeader, .passed,
                "\(tensors.tensors.count) tensors, \(tensors.totalBytes) bytes, no gap and no overlap")
            switch layout {
            case .single where model[ShardIndex.path] != nil:
                record(.shardIndex, .warned, "\(ShardIndex.path) lies beside model.safetensors, which loaders prefer")
            case .single: record(.shardIndex, .passed, "one weight file, no index")
            case .gguf: break
            case .sharded(let index):
                let size = index.totalSize.map { "total_size \($0) is the sum" } ?? "no total_size"
                record(
                    .shardIndex, index.totalSize == nil ? .warned : .passed,
                    "\(index.tensors.count) tensors in \(index.files.count) files, each in the file named; \(size)")
            }
            return tensors
        } catch let error as ModelFormatError {
            switch error {
            case .malformedIndex: record(.shardIndex, .failed, error.description)
            case .malformedJSON(ShardIndex.path, _, _): record(.shardIndex, .failed, error.description)
            case .quantised: record(.tensorShapes, .unsupported, error.description)
            default: record(.safetensorsHeader, .failed, error.description)
            }
        } catch {
            record(.safetensorsHeader, .failed, "\(error)")
        }
        return nil
    }

    mutating func checkConfiguration(_ model: ModelFiles) -> GemmaConfiguration? {
        attempt(.config) { inspection in
            // The names are shown even for models that are not run.
            inspection.modelType = GemmaConfiguration.statedModelType(of: model)
            if let object = try model.json(GemmaConfiguration.path)?.object {
                if case .array(let names)? = object["architectures"] {
                    inspection.architecture = names.first?.string.map { printable($0) }
                }
            }
            let configuration = try GemmaConfiguration(reading: model)
            inspection.contextLength = configuration.contextLength
            let unknown = configuration.unknownKeys
            if let key = unknown.first {
                inspection.record(
                    .config, .warned,
                    "\(GemmaConfiguration.path): key \(printable(key)) is not known for "
                        + "\(configuration.modelType) and was ignored, as transformers ignores it\(andMore(unknown.count))"
                )
            } else {
                inspection.record(.config, .passed, "\(configuration.modelType), every key known")
            }
            return configuration
        }
    }

    mutating func checkShapes(_ configuration: GemmaConfiguration, _ tensors: ModelTensors) {
        attempt(.tensorShapes) { inspection in
            let (outcome, message) = try Self.compare(tensors, configuration, source: "config.json")
            inspection.record(.tensorShapes, outcome, message)
        }
    }

    /// The tensors against those that the configuration implies; `source` is where it comes from.
    static func compare(
        _ tensors: ModelTensors, _ configuration: GemmaConfiguration, source: String
    ) throws -> (outcome: Outcome, message: String) {
        func named(_ name: String) -> String {
            let stored = tensors.storedName(name)
            let shown = stored == name ? printable(name) : "\(printable(stored)) (\(printable(name)))"
            guard tensors.container == .safetensors, let found = tensors[name] else { return shown }
            return "\(shown) in \(printable(tensors.files[found.file].name))"
        }
        let source = printable(source), expected = try configuration.expectedTensors(in: tensors)
        let comparison = expected.compared(with: tensors)
        if let missing = comparison.missing.first {
            return (
                .failed,
                "\(source): \(missing.name) of shape \(missing.shape) is missing\(andMore(comparison.missing.count))"
            )
        } else if let (wanted, got) = comparison.misshapen.first {
            return (
                .failed,
                "\(named(wanted.name)): \(source) implies shape \(wanted.shape), got \(got)"
                    + andMore(comparison.misshapen.count)
            )
        } else if let (name, element) = comparison.unreadable.first {
            return (
                .unsupported,
                "\(named(name)) is stored as \(element.rawValue), which this build does not compute"
                    + andMore(comparison.unreadable.count)
            )
        } else if let extra = comparison.unexpected.first {
            return (
                .warned,
                "\(named(extra)) is not part of a \(configuration.modelType) model"
                    + andMore(comparison.unexpected.count)
            )
        }
        return (.passed, "\(expected.required.count) tensors as \(source) implies")
    }

    mutating func checkTokenizer(_ model: ModelFiles, _ configuration: GemmaConfiguration?) {
        guard model[Tokenizer.path] != nil else {
            record(.tokenizer, .warned, "\(Tokenizer.path) is not among the files of this model")
            return
        }
        attempt(.tokenizer) { inspection in
            let tokenizer = try Tokenizer(reading: model)
            if let rows = configuration?.vocabularySize, tokenizer.idCount > rows {
                inspection.record(
                    .tokenizer, .failed,
                    "\(Tokenizer.path): ids up to \(tokenizer.idCount - 1), expected below the \(rows) rows of the embedding"
                )
            } else if tokenizer.prefix.first.map({ tokenizer.piece($0) == "<bos>" }) != true {
                inspection.record(
                    .tokenizer, .warned,
                    "\(Tokenizer.path): \(tokenizer.pieceCount) pieces; it adds no <bos>, which every Gemma needs")
            } else {
                inspection.record(.tokenizer, .passed, "\(tokenizer.pieceCount) pieces, begins texts with <bos>")
            }
        }
    }
}
