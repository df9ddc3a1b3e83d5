import ModelFormats
import RegistryCore

extension SmokeTest {
    /// What the inspection of formats, headers and configuration says, without the tokenizer, which has checks of its
    /// own. False stops the test.
    mutating func checkStructure() -> Bool {
        let bound = "formats that run no code, sound headers, a configuration that is computed"
        progress(.structure, 0)
        modelType = GemmaConfiguration.statedModelType(of: files)
        let inspection = ModelInspection(of: files, readsTokenizer: false)
        // A configuration of another kind is what the classes besides language models have.
        let hasLanguageModel = modelClass == .instruct || modelClass == .base
        let names: [ModelInspection.CheckName] =
            [.format, .remoteCode, .safetensorsHeader, .ggufHeader] + (hasLanguageModel ? [.config] : [])
        let checks = names.compactMap { inspection[$0] }
        // A key that nobody reads, or a format that nobody opens, is no fault of the model that runs.
        let notes = checks.filter { $0.outcome == .warned }.map(\.message)
        // Without weights in a format that is read, nothing else can be said.
        let unread = checks.first { $0.name == .format && $0.outcome == .unsupported }
        let wrong =
            unread ?? checks.first { $0.outcome == .failed } ?? checks.first { $0.outcome == .unsupported }
        let value = "\(files.entries.count) files, \(inspection.totalBytes) bytes"
        if let wrong {
            record(
                .structure, wrong.outcome == .failed ? .failed : .unsupported, value: value, bound: bound,
                reason: wrong.message)
            modelType = inspection.modelType ?? modelType
        } else if let note = notes.first, inspection[.format]?.outcome == .warned {
            record(.structure, .warned, value: value, bound: bound, reason: note + andMore(notes.count))
        } else {
            let sound =
                (inspection[.ggufHeader] ?? inspection[.safetensorsHeader])?.message
                ?? "formats and configuration alone: \(ShardIndex.path) does not lead to the weights"
            record(
                .structure, .passed, value: value, bound: bound, reason: ([sound] + notes).joined(separator: "; "))
        }
        return checkShardIndex(inspection) && wrong == nil
    }

    private mutating func checkShardIndex(_ inspection: ModelInspection) -> Bool {
        let bound = "every tensor in the file that the index names, and total_size their sum"
        let check = inspection[.shardIndex], isSharded = files[ShardIndex.path] != nil
        guard let check, isSharded || check.outcome == .failed else {
            record(.shardIndex, .notApplicable, bound: bound, reason: "the model has no \(ShardIndex.path)")
            return true
        }
        let outcome: SmokeTestReport.Outcome =
            check.outcome == .failed ? .failed : check.outcome == .warned ? .warned : .passed
        record(
            .shardIndex, outcome, value: inspection.tensorCount.map { "\($0) tensors" } ?? "", bound: bound,
            reason: check.message)
        return outcome != .failed
    }

    /// Configuration and headers: every tensor that the configuration implies is there with its shape.
    mutating func checkTensors() -> (GemmaConfiguration, ModelTensors)? {
        let name = SmokeTestReport.CheckName.tensorsPresentAndShaped
        let bound = "every tensor that the configuration implies, with its shape, in a type that is computed"
        progress(name, 0)
        modelType = GemmaConfiguration.statedModelType(of: files)
        do {
            let configuration = try source().configuration()
            modelType = configuration.modelType
            let tensors = try source().tensors()
            let expected = try configuration.expectedTensors(in: tensors)
            return compare(expected, with: tensors, of: configuration.modelType) ? (configuration, tensors) : nil
        } catch {
            record(error, of: name, bound: bound)
        }
        return nil
    }

    /// Every tensor of `expected` is there with its shape, in a type that is computed; `note` ends the reason of a pass.
    /// False stops the test.
    mutating func compare(
        _ expected: ExpectedTensors, with tensors: ModelTensors, of modelType: String, note: String = ""
    ) -> Bool {
        let name = SmokeTestReport.CheckName.tensorsPresentAndShaped
        let bound = "every tensor that the configuration implies, with its shape, in a type that is computed"
        let comparison = expected.compared(with: tensors)
        let value =
            "\(expected.required.count - comparison.missing.count - comparison.misshapen.count) of "
            + "\(expected.required.count) tensors"
        if let missing = comparison.missing.first {
            let place = tensors.files.count == 1 ? tensors.files[0].name : "all \(tensors.files.count) files"
            let untied =
                expected.headNames.contains(missing.name) && !expected.tiesWordEmbeddings
                ? ", and the configuration does not tie the head to the embedding" : ""
            record(
                name, .failed, value: value, bound: bound,
                reason: "\(missing.name) of shape \(missing.shape) is missing from \(printable(place))\(untied)"
                    + andMore(comparison.missing.count))
        } else if let (wanted, got) = comparison.misshapen.first {
            record(
                name, .failed, value: value, bound: bound,
                reason: "\(shown(wanted.name, tensors)): the configuration implies shape \(wanted.shape), the file "
                    + "holds \(got)"
                    + andMore(comparison.misshapen.count))
        } else if let (tensor, element) = comparison.unreadable.first {
            record(
                name, .unsupported, value: value, bound: bound,
                reason:
                    "\(shown(tensor, tensors)) is stored as \(element.rawValue), which this build does not compute"
                    + andMore(comparison.unreadable.count))
        } else if let layer = comparison.unexpected.first(where: { expected.isBeyondLayers($0) }) {
            record(
                name, .failed, value: value, bound: bound,
                reason:
                    "\(shown(layer, tensors)) is a layer beyond those that the configuration counts, and was not run"
                    + andMore(comparison.unexpected.count { expected.isBeyondLayers($0) }))
        } else if let extra = comparison.unexpected.first {
            record(
                name, .warned, value: value, bound: bound,
                reason: "\(shown(extra, tensors)) is not part of a \(printable(modelType)) model and was not run"
                    + andMore(comparison.unexpected.count))
            return true
        } else {
            record(
                name, .passed, value: value, bound: bound,
                reason: "\(tensors.parameterCount) parameters in \(tensors.files.count) file(s)" + note)
            return true
        }
        return false
    }

    /// Records an error that stops a check: what this build does not compute is `unsupported`, the rest failed.
    mutating func record(_ error: any Error, of name: SmokeTestReport.CheckName, bound: String) {
        switch error {
        case ModelFormatError.unsupported, ModelFormatError.quantised:
            record(name, .unsupported, bound: bound, reason: "\(error)")
        default: record(name, .failed, bound: bound, reason: "\(error)")
        }
    }

    /// A tensor's name as the file has it, and the file.
    func shown(_ name: String, _ tensors: ModelTensors) -> String {
        let stored = printable(tensors.storedName(name))
        guard let file = tensors[name]?.file else { return stored }
        return "\(stored) in \(printable(tensors.files[file].name))"
    }
}
