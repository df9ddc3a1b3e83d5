/// What the headers of a model say, and whether they agree with each other. No tensor data is read.
///
/// Bad content never makes this throw: it becomes a failed check with the error's text.
package struct ModelInspection: Codable, Equatable, Sendable {
    package enum Outcome: String, Codable, Sendable { case passed, warned, failed, unsupported }

    /// The raw values are a contract.
    package enum CheckName: String, Codable, CaseIterable, Sendable {
        /// Extension and first bytes of every file agree, and weights are in a format that can be read safely.
        case format
        /// No file asks its loader to run code.
        case remoteCode = "remote-code"
        case safetensorsHeader = "safetensors-header"
        /// The heads of all GGUF files, and that the parts of a split model belong together.
        case ggufHeader = "gguf-header"
        case shardIndex = "shard-index"
        case config
        /// The tensors are those that the configuration implies.
        case tensorShapes = "tensor-shapes"
        case tokenizer
    }

    package struct Check: Codable, Equatable, Sendable {
        package let name: CheckName
        package let outcome: Outcome
        package let message: String
    }

    package internal(set) var modelType: String?
    /// The first of config.json's `architectures`.
    package internal(set) var architecture: String?
    package internal(set) var parameterCount: Int?
    package internal(set) var tensorCount: Int?
    /// Element types of the weights, the one with most bytes first.
    package internal(set) var dtypes: [String] = []
    /// Bytes of all files.
    package internal(set) var totalBytes = 0
    package internal(set) var contextLength: Int?
    /// The format of each file by path, for policies that list what may be served.
    package internal(set) var formats: [String: FileFormat] = [:]
    package internal(set) var checks: [Check] = []
    var readsTokenizer = true

    private enum CodingKeys: String, CodingKey {
        case modelType, architecture, parameterCount, tensorCount, dtypes, totalBytes, contextLength, formats, checks
    }

    /// The worst outcome of any check: failed, then unsupported, then warned.
    package var outcome: Outcome {
        let outcomes = checks.map(\.outcome)
        return [.failed, .unsupported, .warned].first(where: outcomes.contains) ?? .passed
    }

    package subscript(_ name: CheckName) -> Check? { checks.first { $0.name == name } }

    /// Inspects a model. Blocking, milliseconds but for the tokenizer (about 0.3 s for a real one), which
    /// `readsTokenizer` leaves out.
    package init(of model: ModelFiles, readsTokenizer: Bool = true) {
        self.readsTokenizer = readsTokenizer
        checkFormats(model)
        checkRemoteCode(model)
        let hasGGUF = formats.values.contains(.gguf) || !GGUFModel.list(in: model).isEmpty
        let isAdapter = Adapter.refusal(of: model) != nil
        if isAdapter { checkAdapter(model) }
        // Without a safetensors model, GGUF files are the model; both may lie side by side.
        if isAdapter || !hasGGUF || model["model.safetensors"] != nil || model[ShardIndex.path] != nil {
            let tensors = isAdapter ? nil : checkWeights(model)
            let configuration = checkConfiguration(model)
            if let configuration, let tensors { checkShapes(configuration, tensors) }
            if readsTokenizer { checkTokenizer(model, configuration) }
        }
        if hasGGUF { checkGGUF(model) }
    }

    mutating func record(_ name: CheckName, _ outcome: Outcome, _ message: String) {
        checks.append(Check(name: name, outcome: outcome, message: message))
    }

    /// Runs `body`; an error becomes the check's outcome.
    @discardableResult
    mutating func attempt<Result>(_ name: CheckName, _ body: (inout ModelInspection) throws -> Result) -> Result? {
        do {
            return try body(&self)
        } catch let error as ModelFormatError {
            switch error {
            case .unsupported, .quantised: record(name, .unsupported, error.description)
            default: record(name, .failed, error.description)
            }
        } catch {
            record(name, .failed, "\(error)")
        }
        return nil
    }
}
