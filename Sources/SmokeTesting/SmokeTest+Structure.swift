import ModelFormats

extension SmokeTest {
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
            let comparison = expected.compared(with: tensors)
            let value =
                "\(expected.required.count - comparison.missing.count - comparison.misshapen.count) of "
                + "\(expected.required.count) tensors"
            if let missing = comparison.missing.first {
                record(
                    name, .failed, value: value, bound: bound,
                    reason: "\(missing.name) of shape \(missing.shape) is missing\(andMore(comparison.missing.count))")
            } else if let (wanted, got) = comparison.misshapen.first {
                record(
                    name, .failed, value: value, bound: bound,
                    reason: "\(wanted.name): the configuration implies shape \(wanted.shape), the file holds \(got)"
                        + andMore(comparison.misshapen.count))
            } else if let (tensor, element) = comparison.unreadable.first {
                record(
                    name, .unsupported, value: value, bound: bound,
                    reason: "\(tensor) is stored as \(element.rawValue), which this build does not compute"
                        + andMore(comparison.unreadable.count))
            } else if let extra = comparison.unexpected.first {
                record(
                    name, .warned, value: value, bound: bound,
                    reason: "\(printable(extra)) is not part of a \(configuration.modelType) model and was not run"
                        + andMore(comparison.unexpected.count))
                return (configuration, tensors)
            } else {
                record(
                    name, .passed, value: value, bound: bound,
                    reason: "\(tensors.parameterCount) parameters in \(tensors.files.count) file(s)")
                return (configuration, tensors)
            }
        } catch let error as ModelFormatError {
            switch error {
            case .unsupported, .quantised: record(name, .unsupported, bound: bound, reason: error.description)
            default: record(name, .failed, bound: bound, reason: error.description)
            }
        } catch {
            record(name, .failed, bound: bound, reason: "\(error)")
        }
        return nil
    }
}
